# Two commands on a fresh machine: `make demo` (set up, then the main job) and `make test`
# (set up, then every test). Needs Python 3.11+; tests also use Chromium, PostgreSQL and npm, which
# `make system` installs from Debian's packages where they are missing.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# What is not compiled ahead, for it is hardly ever imported.
SELDOM := /(tests?|debugpy|mypyc?|pip|setuptools)/
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

# Else each of our processes, and the tests start many, compiles all of our modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-postgres coverage worlds bench spark fuzz lint system debian lock clean

help:
	@echo "make demo   set up, then audit a sandbox with known drift, correct it and audit again (about a minute)"
	@echo "make test   set up, then run every test"
	@echo "make test-postgres  as make test, with both stores of every test in PostgreSQL"
	@echo "make coverage  as make test but for the largest worlds, and what no test reaches"
	@echo "make worlds set up, then prove ten worlds of each size (about half an hour)"
	@echo "make bench  set up, then measure everything that has a budget, and write docs/benchmarks.md"
	@echo "make spark  set up, then reconcile world M on a cluster of Spark and compare (installs pyspark and Java)"
	@echo "make fuzz   set up, then attack every parser for a minute each (about three quarters of an hour)"
	@echo "make lint   set up, then check style, types, and the packages of the lock"
	@echo "make lock   resolve the dependencies again (needs pip-tools)"

# The lock names every package, so nothing is left to resolve: with --no-deps an older pip cannot
# prefer a release newer than the locked one for a package that is also asked for with an extra.
# uv takes a quarter of pip's time; it does not read pip's settings, so where these name the only way to
# the packages, pip goes on.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.lock
	$(PIP) --require-hashes -r .venv/uv.lock && $(BIN)/uv pip install --quiet --python $(BIN)/python --native-tls \
	  --no-deps --require-hashes -r requirements.lock || $(PIP) --no-compile --require-hashes -r requirements.lock
	$(BIN)/python -m compileall -qq -j 0 -x '$(SELDOM)' .venv/lib || true  # on every core; some files are no Python
	$(PIP) --no-build-isolation -e .
	@touch $@

demo: $(READY)
	$(BIN)/auditor demo

test: $(READY) system
	$(BIN)/python -m pytest -n auto --dist loadgroup

coverage: $(READY) system
	$(BIN)/python -m pytest -n auto --dist loadgroup --large-worlds 0 --cov --cov-report=term:skip-covered

test-postgres: $(READY) system
	$(BIN)/python -m pytest -n auto --dist loadgroup --stores postgresql

worlds: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal tests/test_worlds.py tests/test_large_worlds.py tests/test_steady.py tests/test_killed.py tests/test_crash_matrix.py --large-worlds 10

# Some hours, mostly for the world of a million customers; broken off, it goes on where it was. BENCH names
# some, as in `make bench BENCH="start_up report"`.
bench: $(READY)
	$(BIN)/python -m tests.benchmarks $(BENCH)

# The cluster is three processes of this machine; CUSTOMERS sets the size of the world.
CUSTOMERS ?= 100000

spark: $(READY)
	@command -v java >/dev/null || { $(SUDO) apt-get update -qq && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless >/dev/null; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pyspark==3.5.7"
	$(BIN)/python -m tests.distributed --customers $(CUSTOMERS)

# Each parser for a minute; FUZZ names some, as in `make fuzz FUZZ="plan verdict"`.
fuzz: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "atheris>=2.3"
	$(BIN)/python -m tests.fuzz --seconds 60 $(FUZZ)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.supply

# Debian's packages where they are missing, and what the tests take from the npm registry.
NPM := tests/browser/node_modules/.package-lock.json

$(NPM): tests/browser/package-lock.json
	npm ci --prefix tests/browser --no-audit --no-fund --silent
	@touch $@

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

system: debian $(NPM)

debian:
	@if ! command -v chromium >/dev/null || ! command -v npm >/dev/null || ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then \
	  $(SUDO) apt-get update -qq && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium postgresql $$(command -v npm >/dev/null || echo nodejs npm) >/dev/null; \
	fi

lock:
	$(PYTHON) -c "import tomllib; print('\n'.join(tomllib.load(open('pyproject.toml','rb'))['dependency-groups']['dev']))" > .dev.in
	pip-compile --quiet --strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-annotate --no-header --all-extras --allow-unsafe --output-file requirements.lock pyproject.toml .dev.in
	rm .dev.in
	sed -i '/^#/d' requirements.lock

clean:
	rm -rf .venv var reports/out tests/browser/node_modules .pytest_cache .mypy_cache .ruff_cache
