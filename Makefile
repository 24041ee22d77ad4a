# The house's commands. `make` alone lists them.
SHELL := bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
SERVICES := $(PY) -m tests.services --
PYTEST := $(PY) -m pytest
PORT ?= 8000

.PHONY: help demo code test quick drill bench lint migration setup setup-dev setup-spark lock

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: setup ## set everything up and run the product with demo data on http://localhost:8000
	@$(PY) -m paywall.cli serve --demo --port $(PORT)

code: ## the authenticator code of the demo's staff, for this half minute
	@$(PY) -m paywall.cli demo-code

test: setup-dev ## everything that CI runs, on SQLite, PostgreSQL, Redis and Chromium
	@# Playwright's synchronous driver keeps an event loop of its own, so browsers get a run apart.
	@$(SERVICES) bash -c '$(PYTEST) tests -m "not drill" --ignore tests/browser -n 3 --dist loadfile --no-loadscope-reorder && $(PYTEST) tests/browser -m "not drill" -n 2 --dist loadfile'

quick: setup-dev ## units on SQLite in under a minute: no browser, no servers, none marked slow
	@$(PYTEST) tests -m "not drill and not browser and not processor and not slow" -k "not postgres" -x -n 2 $(addprefix --ignore tests/,browser stories worker conformance http cli docs migrations adapters)

drill: setup-dev setup-spark ## hours allowed: kills, races, all seeds, large data
	@$(SERVICES) $(PYTEST) tests -m drill -s

bench: setup-dev ## speeds beside the machine's own limits; writes build/bench.json
	@PAYWALL_TEST_FSYNC=on $(SERVICES) $(PY) -m tests.bench

lint: setup-dev ## ruff, mypy strict, import-linter, TypeScript
	@$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy && $(PY) -m mypy tests/bench tests/drills && .venv/bin/lint-imports --no-cache && cd paywall/web && npm run --silent check

migration: setup-dev ## write the next step of the schema: make migration m="orders know their currency"
	@$(PY) -m infra.migrations.revise $(m)

setup: ## virtual environment, packages, web build
	@infra/deploy/setup.sh run

setup-dev:
	@infra/deploy/setup.sh dev

setup-spark: # what `make drill` compares with: PySpark, which needs a Java 17 on the machine
	@infra/deploy/setup.sh spark

lock: ## renew the lock files from pyproject.toml (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements-dev.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --constraint requirements-dev.lock --extra dev --extra spark pyproject.toml -o requirements-spark.lock
