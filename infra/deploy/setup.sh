#!/usr/bin/env bash
# Sets the working copy up: virtual environment, hash-locked packages, web build, catalogues.
# usage: setup.sh run|dev|spark   (dev adds what tests need, spark what `make drill` needs). Each step is skipped when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/../.."
what=${1:-run}

say() { printf '%s\n' "$*" >&2; }
stop() { say "$*"; exit 2; }

[ -w . ] || stop "The folder $(pwd) can't be written. Copy the project to a folder of yours and try again there."

python=${PYTHON:-python3}
command -v "$python" >/dev/null || stop "Python is missing. Install Python 3.11 or newer (on Debian: apt-get install python3 python3-venv)."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || stop "This Python is too old: $("$python" --version). Install Python 3.11 or newer, or set PYTHON=/path/to/python3.11."
command -v node >/dev/null || stop "Node.js is missing. Install Node.js 20 or newer with npm (nodejs.org or your distribution)."
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || stop "This Node.js is too old: $(node --version). Install version 20 or newer."
command -v npm >/dev/null || stop "npm is missing. Install it beside Node.js."

if [ ! -x .venv/bin/python ]; then
  say "Making a virtual environment ..."
  if ! "$python" -m venv .venv 2>/dev/null; then
    rm -rf .venv
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      say "Installing python3-venv ..."
      apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
      "$python" -m venv .venv
    else
      stop "Python's venv module is missing. Install it (on Debian: apt-get install python3-venv)."
    fi
  fi
fi

# A stamp holds the checksum of what it was made from.
changed() { [ "$(cat "$1" 2>/dev/null)" != "$2" ]; }

case "$what" in run) lock=requirements.lock ;; *) lock=requirements-$what.lock ;; esac
sum=$(cat "$lock" pyproject.toml | sha256sum)
sum_dev=$(cat requirements-dev.lock pyproject.toml | sha256sum)
if changed ".venv/.stamp-$what" "$sum" && { [ "$what" = spark ] || changed .venv/.stamp-dev "$sum_dev"; }; then
  say "Installing Python packages ..."
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$lock" \
    || stop "The Python packages could not be installed; pip's message is above. Check that this machine reaches its package index (network, proxy, pip's configuration), then run the same command again."
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable . 2>/dev/null \
    || .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --editable .
  printf '%s' "$sum" > ".venv/.stamp-$what"
fi

sum=$(cat paywall/web/package-lock.json | sha256sum)
if changed paywall/web/node_modules/.stamp "$sum"; then
  say "Installing web packages ..."
  (cd paywall/web && npm ci --loglevel=error --no-audit --no-fund) \
    || stop "The web packages could not be installed; npm's message is above. Check that this machine reaches its package registry (network, proxy, npm's configuration), then run the same command again."
  printf '%s' "$sum" > paywall/web/node_modules/.stamp
fi
sum=$(find paywall/web -path paywall/web/node_modules -prune -o -type f -print0 | sort -z | xargs -0 cat | sha256sum)
if changed paywall/static/dist/.stamp "$sum"; then
  say "Building the pages' scripts and styles ..."
  (cd paywall/web && npm run --silent build >/dev/null 2>"$OLDPWD/build-errors.txt" || { cat "$OLDPWD/build-errors.txt" >&2; exit 1; }); rm -f build-errors.txt
  printf '%s' "$sum" > paywall/static/dist/.stamp
fi
sum=$(find paywall/locales -name '*.po' -print0 | sort -z | xargs -0 cat | sha256sum)
if changed .venv/.stamp-catalogues "$sum"; then
  .venv/bin/python -c 'from paywall.pages.i18n import compile_catalogues; compile_catalogues()'
  printf '%s' "$sum" > .venv/.stamp-catalogues
fi

if [ "$what" = dev ] && [ -f tests/contracts/package-lock.json ]; then
  sum=$(cat tests/contracts/package-lock.json | sha256sum)
  if changed tests/contracts/node_modules/.stamp "$sum"; then
    say "Installing test tools ..."
    (cd tests/contracts && npm ci --silent --no-audit --no-fund)
    printf '%s' "$sum" > tests/contracts/node_modules/.stamp
  fi
fi
