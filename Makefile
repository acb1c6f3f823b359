# The commands of this project; `make help` lists them. A machine needs Python >= 3.11, make and git, and nothing else.

PYTHON ?= python3
APPROVE ?=
BENCH ?=
BIN := .venv/bin
READY := .venv/.ready
# uv of the path, else the one that `setup` puts into .environments/uv.
UV = $(shell command -v uv || echo .environments/uv/bin/uv)

.DEFAULT_GOAL := help
.PHONY: help setup up down restart status logs demo traffic clean-up test lint kills bench

help:  ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo "  Settings and ports are environment variables, such as MODEL_GOVERNANCE_AIRFLOW_PORT; see README.md"

setup: $(READY)  ## Install everything the project needs into this folder

$(READY): uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed as $(PYTHON); set PYTHON=<path of one>" >&2; exit 1; }
	@command -v uv >/dev/null || test -x .environments/uv/bin/uv || \
		$(PYTHON) -m pip install --quiet --root-user-action ignore --target .environments/uv 'uv>=0.9' || \
		{ $(PYTHON) -m venv .environments/uv && .environments/uv/bin/pip install --quiet 'uv>=0.9'; } || \
		{ echo "uv could not be installed: $(PYTHON) has neither pip nor venv; install one of them, or uv" >&2; exit 1; }
	@echo "installing the project's environment ..."
	@$(UV) sync --quiet --frozen
	@$(BIN)/python -m stack environments
	@touch $@

up: $(READY)  ## Start the embedded stack and wait until it is healthy
	@$(BIN)/python -m stack up

down: $(READY)  ## Stop the embedded stack; all state stays
	@$(BIN)/python -m stack down

restart: $(READY)  ## Stop the embedded stack and start it again
	@$(BIN)/python -m stack restart

status: $(READY)  ## Say how each part of the stack is
	@$(BIN)/python -m stack status

logs: $(READY)  ## Show the end of the stack's logs
	@$(BIN)/python -m stack logs

demo: up  ## Take the example to production; APPROVE=auto lets its own approvers decide
	@$(BIN)/model-governance demo $(if $(APPROVE),--approve $(APPROVE))

traffic: $(READY)  ## Send production traffic, as it was and then drifted, up to the new version; APPROVE=auto, PHASE=drifted
	@variables=$$($(BIN)/python -m stack env consumer) && eval "$$variables" && \
		$(BIN)/model-governance traffic $(or $(USE_CASE),loan-approval) $(if $(PHASE),--phase $(PHASE)) \
		$(if $(APPROVE),--approve $(APPROVE))

clean-up: $(READY)  ## Delete what USE_CASE=<name> has created; its ledger stays
	@test -n "$(USE_CASE)" || { echo "say which: make clean-up USE_CASE=loan-approval" >&2; exit 1; }
	@variables=$$($(BIN)/python -m stack env caretaker) && eval "$$variables" && \
		$(BIN)/model-governance clean-up $(USE_CASE) $(if $(YES),--yes)

test: $(READY)  ## Run the tests, linters, type checks and import contracts
	@$(BIN)/pytest -n auto -m "not stack and not browser"
	@$(BIN)/pytest -m "stack or browser"
	@$(MAKE) --no-print-directory lint

lint: $(READY)  ## Run the linters, type checks and import contracts alone
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

kills: $(READY)  ## Kill KILLS=100 processes of a stack while lifecycles run, and hold what is left to the ledger
	@KILLS=$(or $(KILLS),100) $(BIN)/pytest -s tests/lifecycle/test_under_kills.py tests/model_governance/serving/test_kills.py

bench: $(READY)  ## Measure it, all or what BENCH="server decision" names; leaves nothing running
	@$(BIN)/python -m tests.benchmarks $(BENCH)
