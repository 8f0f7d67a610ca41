# Every action of a developer is one short command: `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest
RESULTS := test-results
WORKERS ?= 2
PORT ?= 8080
DATA ?= data
WEB_SOURCES := $(shell find web -type d \( -name node_modules -o -name dist \) -prune -o -type f -print 2>/dev/null)

# One line per command: the text behind "##" is its help.
.PHONY: help
help: ## list every command
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: env build ## start everything on http://localhost:8080, with its data in ./data (PORT=, DATA=)
	@exec $(BIN)/vidstead serve --data-dir $(DATA) --port $(PORT)

.PHONY: demo
demo: env ## generate a clip, upload it to the running server and print where it plays
	@$(BIN)/vidstead demo --data-dir $(DATA)

.PHONY: doctor
doctor: env ## say what is wrong on this machine, and how to mend it
	@$(BIN)/vidstead doctor --data-dir $(DATA) --port $(PORT)

.PHONY: env
env: $(VENV)/.runtime ## make the Python environment in .venv

.PHONY: build
build: web/node_modules/.built ## build the web pages and the player

.PHONY: test
test: dev build system ## set up what is missing and run every check and test, but the large ones
	@scripts/test-all $(WORKERS)

.PHONY: test-large
test-large: dev build system ## run the slow, large and chaos tests
	@$(PYTEST) tests -m large --timeout=1800 --junitxml=$(RESULTS)/large.xml

.PHONY: check
check: lint types laws ## lint, types and laws: what can be said without running anything

.PHONY: lint
lint: dev ## find mistakes and unformatted files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: format
format: dev ## format every Python file and mend what ruff can mend
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

.PHONY: types
types: dev ## check the types with mypy --strict
	@$(BIN)/mypy

.PHONY: laws
laws: dev ## test the laws of the house: imports, purity, sizes, documented errors and settings
	@$(PYTEST) tests/laws -q

.PHONY: unit
unit: dev ## run the unit tests
	@$(PYTEST) tests/unit -q -n $(WORKERS)

.PHONY: contract
contract: dev ## run the contract tests: every adapter against its port
	@$(PYTEST) tests/contract -q -n $(WORKERS) --dist loadfile

.PHONY: integration
integration: dev ## run the integration tests: real PostgreSQL, real ffmpeg
	@$(PYTEST) tests/integration -q -n $(WORKERS) --dist loadfile

.PHONY: acceptance
acceptance: dev build system ## run the acceptance tests: the real CLI, a real browser
	@$(PYTEST) tests/acceptance -q -n $(WORKERS) --dist loadfile

.PHONY: test-web
test-web: build ## run the tests of the web pages
	@cd web && npm test

.PHONY: bench
bench: dev build ## measure the figures that docs and releases quote
	@$(BIN)/python -m benchmarks

.PHONY: docs
docs: dev ## write the generated pages: settings, errors, command line
	@$(BIN)/python scripts/write_docs.py

.PHONY: lock
lock: dev ## resolve the dependencies again and write the lock files
	@scripts/lock $(BIN)/uv

.PHONY: dev
dev: $(VENV)/.dev ## make the environment of a developer

.PHONY: system
system: ## install the Debian packages that only tests need (as root)
	@scripts/system-packages

.PHONY: clean
clean: ## remove what was built, but neither ./data nor the environment
	@rm -rf src/vidstead/static web/node_modules/.built $(RESULTS) .mypy_cache .ruff_cache .pytest_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -not -path './web/*' -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Vidstead needs Python 3.11 or newer: run make with PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	@echo "Making the Python environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "python3 can't make environments: install your system's python3-venv package."; exit 1; }

$(VENV)/.runtime: requirements.txt pyproject.toml | $(VENV)/bin/python
	@test -e $(VENV)/.dev || { echo "Installing the Python packages ..."; $(PIP) --require-hashes -r requirements.txt; }
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing the Python packages for development ..."
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

web/node_modules/.installed: web/package-lock.json
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
	  || { echo "Vidstead needs Node 20.19 or newer to build its pages: install it from your system or nodejs.org."; exit 1; }
	@echo "Installing the packages of the web pages ..."
	@cd web && npm ci --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
	@touch $@

web/node_modules/.built: web/node_modules/.installed $(WEB_SOURCES)
	@echo "Building the web pages ..."
	@cd web && npm run build >node_modules/.build.log 2>&1 || { cat node_modules/.build.log; exit 1; }
	@touch $@
