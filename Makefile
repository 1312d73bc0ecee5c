# Every target works on a machine that has Python >= 3.11 and make. `make` alone lists them.

PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3.14 python3))
VENV   := .venv
BIN    := $(VENV)/bin
NEWEST := $(VENV)-newest
TESTS  ?= tests
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

# A stamp is older than what it was installed from only when that changed, so a second `make test` installs nothing.
RUNTIME := $(VENV)/.installed-runtime
DEV     := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help setup run serve test check format bench docs constraints clean
.DELETE_ON_ERROR:

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(DEV) ## Make .venv with everything development needs

run: $(RUNTIME) ## Start a server and show a real operation on it (ONCE=1: exit with the operation's status)
	@$(BIN)/python -m taskward.demo $(if $(ONCE),--once)

serve: $(RUNTIME) ## Start a server and a worker on one SQLite file
	@$(BIN)/taskward serve

test: $(DEV) ## Run every test, on SQLite and on a private PostgreSQL (TESTS=path: only those)
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(TESTS)

check: $(DEV) ## Lint, check the format, the types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV) ## Rewrite the sources in the project's format
	$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format

bench: $(DEV) ## Measure the engine
	@$(BIN)/python bench/engine.py

docs: $(DEV) ## Renew the generated parts of the documentation
	@$(BIN)/python docs/generate.py

constraints: ## Write constraints.txt anew with the newest versions
	$(PYTHON) -m venv --clear $(NEWEST)
	$(NEWEST)/bin/python -m pip --disable-pip-version-check install --quiet '.[dev]'
	@echo '# The versions Taskward is tested with.' > constraints.txt
	$(NEWEST)/bin/python -m pip freeze --exclude taskward >> constraints.txt
	@rm -rf $(NEWEST)

clean: ## Remove .venv and what the tools cached
	rm -rf $(VENV) $(NEWEST) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

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
