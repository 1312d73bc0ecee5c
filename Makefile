# Every target works on a machine that has Python >= 3.11 and make. `make` alone lists them.

PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3.14 python3))
VENV   := .venv
BIN    := $(VENV)/bin
NEWEST := $(VENV)-newest
TESTS  ?= tests
BENCH  ?= engine
# Tests wait as much as they work: half as many processes again as there are processors.
PROCESSES ?= $(shell $(PYTHON) -c "import os; print(max(2, (os.cpu_count() or 1) * 3 // 2))")
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

# A stamp is older than what it was installed from only when that changed, so a second `make test` installs nothing.
RUNTIME := $(VENV)/.installed-runtime
DEV     := $(VENV)/.installed-dev

# The console: npm's packages, what is built of its sources, and the types of what it asks the server.
PACKAGES := console/node_modules/.installed
CONSOLE  := src/taskward/http/console/.built
TYPES    := console/src/api/schema.d.ts
NODE     := console/with-node
CHROMIUM ?= /usr/bin/chromium

.DEFAULT_GOAL := help
.PHONY: help setup run serve test check format bench docs constraints console clean
.DELETE_ON_ERROR:

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(DEV) ## Make .venv with everything development needs

run: $(RUNTIME) $(CONSOLE) ## Start a server and show a real operation on it (ONCE=1: exit with the operation's status)
	@$(BIN)/python -m taskward.demo $(if $(ONCE),--once)

serve: $(RUNTIME) $(CONSOLE) ## Start a server and a worker on one SQLite file
	@$(BIN)/taskward serve

test: $(DEV) $(CONSOLE) $(TYPES) | $(CHROMIUM) ## Run every test, on SQLite and on a private PostgreSQL (TESTS=path: only those)
	$(if $(filter tests,$(TESTS)),@cd console && ./with-node npm test --silent)
	@$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder $(TESTS)

check: $(DEV) $(TYPES) ## Lint, check the format, the types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd console && ./with-node npm run --silent check

format: $(DEV) $(PACKAGES) ## Rewrite the sources in the project's format
	$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format
	cd console && ./with-node npm run --silent format

console: $(CONSOLE) ## Build the web console into the package (uses Node from PATH, else from PyPI)

bench: $(DEV) ## Measure the engine, the API and tasks behind a lock (BENCH=api, locks, pulp, scylla_folding: those instead)
	@$(BIN)/python bench/$(BENCH).py

docs: $(DEV) ## Renew the generated parts of the documentation
	@$(BIN)/python docs/generate.py

constraints: ## Write constraints.txt anew with the newest versions
	$(PYTHON) -m venv --clear $(NEWEST)
	$(NEWEST)/bin/python -m pip --disable-pip-version-check install --quiet '.[dev]'
	@echo '# The versions Taskward is tested with.' > constraints.txt
	$(NEWEST)/bin/python -m pip freeze --exclude taskward >> constraints.txt
	@rm -rf $(NEWEST)

clean: ## Remove .venv and what the tools cached
	rm -rf $(VENV) $(NEWEST) console/node_modules console/openapi.json $(TYPES) $(dir $(CONSOLE)) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Taskward needs Python 3.11 or newer; none was found on PATH" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Taskward needs Python 3.11 or newer; $(PYTHON) is older (choose one: make PYTHON=...)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(DEV): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[dev]'
	@touch $@ $(RUNTIME)

$(PACKAGES): console/package.json console/package-lock.json console/.npmrc | $(BIN)/python
	cd console && ./with-node npm ci --silent
	@touch $@

$(CONSOLE): $(PACKAGES) $(shell find console/src console/public -type f ! -name '*.test.*' ! -name schema.d.ts) console/index.html console/vite.config.ts
	cd console && ./with-node npm run --silent build -- --logLevel warn
	@touch $@

# Left alone when nothing has changed, and so is what depends on it.
console/openapi.json: $(shell find src/taskward/wire src/taskward/http/native -name '*.py') src/taskward/http/openapi.py | $(RUNTIME)
	@$(BIN)/python console/dump_openapi.py $@

$(TYPES): console/openapi.json $(PACKAGES)
	cd console && ./with-node npm run --silent types > /dev/null

$(CHROMIUM):
	@test "$$(id -u)" = 0 && command -v apt-get > /dev/null || { \
		echo "the tests of the console need Chromium: install it, or say where it is (make test CHROMIUM=/path)" >&2; exit 1; }
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium > /dev/null
