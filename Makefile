# Every target sets itself up: Python (3.10 or newer) with venv, and make, are all that a machine needs.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
LIBS = --editable libs/seacloud_client --editable libs/langchain_seacloud

.PHONY: help demo test lint record check clean

help:  ## show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(VENV)/.demo: constraints.txt pyproject.toml libs/*/pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) 'pip>=25.1'
	@$(PIP) --group demo $(LIBS) --editable libs/seacloud_emulator
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	@$(PIP) --group test $(LIBS) --editable libs/llamaindex_seacloud --editable 'libs/seacloud_emulator[strict]'
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	@$(PIP) --group lint
	@touch $@

demo: $(VENV)/.demo  ## an agent talks to the emulator and makes a picture; needs no key
	@$(BIN)/python examples/agent_makes_a_picture.py

test: $(VENV)/.test  ## the tests (at most 5 minutes)
	@$(BIN)/python -m pytest

lint: $(VENV)/.lint  ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

record: $(VENV)/.test  ## record the cassettes anew: against the service with SEACLOUD_API_KEY, else the emulator
	@$(BIN)/python -m pytest tests -m cassette --record-cassettes

check: test lint  ## all that .ci/run checks
	@PYTHON=$(PYTHON) $(BIN)/python tests/packaging/check_wheels.py

clean:  ## remove what the targets made
	rm -rf $(VENV) pictures build dist
