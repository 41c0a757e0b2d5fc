# Everything that a person or a machine does with a checkout. `make` alone lists it.
#
# Nothing but Python >= 3.11, pip's registry and a Maven repository (once, for Kafka) is needed:
# whatever is used lives in .venv, which `make install` builds, and in the user's cache folder.
# PYTHON=python3.12 chooses the interpreter. HANDOFF_TEST_WITHOUT=kafka,postgres leaves out the
# tests that need those servers; there is no other way to skip a test.

PYTHON ?= python3
SEED ?=
QUICK ?=
NAMES ?=
KILLS ?=

BIN := .venv/bin
INSTALLED := .venv/.installed
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
FAST := tests/unit tests/contract tests/architecture
# One process for each core, a file in one of them, in the order of tests/conftest.py; the slowest
# tests are named at the end.
AT_ONCE := -n logical --dist loadfile --no-loadscope-reorder
SLOWEST := --durations=40 --durations-min=3

# What a person's shell has set for another project must not reach this one.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONDONTWRITEBYTECODE PYTEST_ADDOPTS VIRTUAL_ENV

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo run check lint format types imports contracts security fast test mutants soak bench audit dist lock clean

help: ## list the commands
	@awk -F ':[^#]*## ' '/^[a-z]+:[^#]*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(INSTALLED) ## build .venv from the hash-locked requirements (PYTHON= chooses the interpreter)

demo: $(INSTALLED) ## play a day of the fictional city and show its figures (SEED=7 plays another day)
	$(BIN)/handoff demo $(if $(SEED),--seed $(SEED))

run: $(INSTALLED) ## leave the suite up on 127.0.0.1:8000, with tokens and commands to try
	$(BIN)/handoff up

check: lint types imports contracts security fast ## the quick checks: style, types, imports, schemas, fast tests

lint: $(INSTALLED) ## style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(INSTALLED) ## put the formatting right
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(INSTALLED) ## types, strictly
	$(BIN)/mypy

imports: $(INSTALLED) ## who may import whom
	$(BIN)/lint-imports

contracts: $(INSTALLED) ## the published schemas and examples are those of the code
	$(BIN)/handoff contracts check

security: $(INSTALLED) ## what bandit knows of dangerous code
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive contracts services deploy

fast: $(INSTALLED)
	$(BIN)/python -m pytest $(AT_ONCE) $(FAST)

test: check ## check, and every other test but the long runs, on real Kafka and PostgreSQL too
	$(BIN)/python -m pytest $(AT_ONCE) $(SLOWEST) -m "not many_servers and not soak" tests $(FAST:%=--ignore=%)
	$(BIN)/python -m pytest $(SLOWEST) -m "many_servers and not soak" tests

mutants: $(INSTALLED) ## seed bugs, one at a time, and see the tests catch each
	$(BIN)/python -m tests.mutants

soak: $(INSTALLED) ## the long runs (KILLS=50 of processes at named steps in place of 3000)
	$(if $(KILLS),KILLS=$(KILLS)) $(BIN)/python -m pytest tests -m soak

bench: $(INSTALLED) ## measure everything beside its floor, into bench/results (QUICK=1 for a look; NAMES="intake relay")
	$(BIN)/python -m bench $(NAMES) $(if $(QUICK),--quick)

audit: $(INSTALLED) ## known faults of what is installed in production; asks the registry, and fails where it cannot
	$(BIN)/pip-audit --strict --progress-spinner off --disable-pip --require-hashes -r requirements/run.txt

dist: $(INSTALLED) ## build the wheel, and the list of all that it needs (CycloneDX), into dist
	$(BIN)/python -m hatchling build --target wheel --directory dist
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-file dist/handoff.cdx.json requirements/run.txt

lock: $(INSTALLED) ## resolve the requirements again, keeping what still fits (UPGRADE=1 takes the newest)
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements/run.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --extra dev --extra servers -c requirements/run.txt -o requirements/dev.txt

clean: ## remove caches and build output; .venv and the suite's own data stay
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find contracts services deploy tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there: make install PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11: make install PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "$(PYTHON) cannot make a virtual environment (Debian: apt install python3-venv)" >&2; exit 1; }

$(INSTALLED): requirements/dev.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
