# The house's commands. `make help` lists them.
SHELL := bash
.DEFAULT_GOAL := help
PY := .venv/bin/python

.PHONY: help
help:
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: lint
lint: ## ruff, mypy strict, import-linter
	$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy && .venv/bin/lint-imports
