# Every target sets itself up: Python (3.10 or newer) with venv, and make, are all that a machine needs.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Python 3.10 gets older releases of some packages, so it has pins of its own. An older Python gets none.
PINS_OF = import sys; print("" if sys.version_info < (3, 10) else "constraints-3.10.txt" if sys.version_info < (3, 11) else "constraints.txt")
PINS := $(shell $(PYTHON) -c '$(PINS_OF)')
ifeq ($(PINS),)
$(error Python 3.10 or newer is needed, and $(PYTHON) is not: name one, as in make demo PYTHON=python3.12)
endif
MADE_FOR := $(if $(wildcard $(BIN)/python),$(shell $(BIN)/python -c '$(PINS_OF)'),$(PINS))
ifneq ($(MADE_FOR),$(if $(filter clean,$(MAKECMDGOALS)),$(MADE_FOR),$(PINS)))
$(error $(VENV) was made with another Python than $(PYTHON): remove it, or name another folder, as in make demo VENV=.venv-new)
endif
# Our own packages are built with what is pinned in the environment, not with what an index has on the day.
INSTALL = -m pip --disable-pip-version-check install --quiet --no-build-isolation
PIP = $(BIN)/python $(INSTALL) --constraint $(PINS)
DEMO_LIBS = --editable libs/seacloud_client --editable libs/langchain_seacloud --editable libs/seacloud_emulator
TEST_LIBS = --editable 'libs/seacloud_client[fast,progress]' --editable 'libs/langchain_seacloud[durable]' \
	--editable 'libs/llamaindex_seacloud[durable]' --editable 'libs/seacloud_emulator[strict]'
GROUPS = build demo test lint coverage release

BENCHES = langchain llamaindex

.PHONY: help demo test heavy lint record wheels release-check long lowest newest fuzz coverage constraints bench docs clean

help:  ## show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(VENV)/.demo: $(PINS) pyproject.toml libs/*/pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint $(PINS) 'pip>=25.1'
	@$(PIP) --group build --group demo
	@$(PIP) $(DEMO_LIBS)
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	@$(PIP) --group test $(TEST_LIBS)
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	@$(PIP) --group lint
	@touch $@

$(VENV)/.coverage: $(VENV)/.test
	@$(PIP) --group coverage
	@touch $@

# Twine brings much along that nothing else needs, so it has an environment of its own.
$(VENV)-release/.ready: $(PINS) pyproject.toml
	@test -x $(VENV)-release/bin/python || $(PYTHON) -m venv $(VENV)-release
	@$(VENV)-release/bin/python -m pip --disable-pip-version-check install --quiet --constraint $(PINS) 'pip>=25.1'
	@$(VENV)-release/bin/python $(INSTALL) --constraint $(PINS) --group build --group release
	@touch $@

demo: $(VENV)/.demo  ## an agent talks to the emulator and makes a picture; needs no key
	@$(BIN)/python examples/agent_makes_a_picture.py

test: $(VENV)/.test  ## the tests (at most 5 minutes)
	@$(BIN)/python -m pytest --numprocesses 6

heavy: $(VENV)/.test  ## the tests that want the whole machine, or start many programs: a minute or two
	@$(BIN)/python -m pytest -m 'heavy and not long' --numprocesses 4

lint: $(VENV)/.lint  ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

record: $(VENV)/.test  ## record the cassettes anew: against the service with SEACLOUD_API_KEY, else the emulator
	@$(BIN)/python -m pytest tests -m cassette --record-cassettes

wheels: $(VENV)-release/.ready  ## build the wheels, try each in an empty environment, and run the READMEs' install lines
	@$(VENV)-release/bin/python tests/packaging/check_wheels.py
	@$(VENV)-release/bin/python tests/packaging/check_readmes.py

release-check: $(VENV)-release/.ready  ## what must hold before a tag: versions, metadata, installs, the READMEs' programs
	@$(VENV)-release/bin/python tests/packaging/check_release.py

long: $(VENV)/.test .venv-bulk/.ready .venv-notebooks/.ready lowest newest fuzz  ## what takes minutes: soak and scale, bulk generation, the notebooks, fuzzing, the oldest and newest dependencies
	@$(BIN)/python -m pytest -m long --timeout 1800

# Dask, and what runs notebooks, bring much along that nothing else needs. Their tests look for them by these names.
.venv-bulk/.ready: EXAMPLE_LIBS = seacloud_client seacloud_emulator
.venv-notebooks/.ready: EXAMPLE_LIBS = seacloud_client langchain_seacloud llamaindex_seacloud seacloud_emulator
.venv-bulk/.ready .venv-notebooks/.ready: .venv-%/.ready: examples/%/requirements.txt $(PINS) libs/*/pyproject.toml
	@test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	@.venv-$*/bin/python -m pip --disable-pip-version-check install --quiet --constraint $(PINS) --requirement $< $(EXAMPLE_LIBS:%=--editable libs/%)
	@touch $@

lowest newest: $(VENV)-release/.ready  ## the unit tests with the oldest (the newest) releases that the metadata allows
	@$(VENV)-release/bin/python tests/packaging/check_bounds.py $@ --home $(VENV)-$@

$(VENV)-fuzz/.ready: tests/fuzz/requirements.txt $(PINS) libs/seacloud_client/pyproject.toml
	@test -x $(VENV)-fuzz/bin/python || $(PYTHON) -m venv $(VENV)-fuzz
	@$(VENV)-fuzz/bin/python -m pip --disable-pip-version-check install --quiet --constraint $(PINS) --requirement $< --editable libs/seacloud_client
	@touch $@

fuzz: SECONDS_EACH = 60
fuzz: $(VENV)-fuzz/.ready  ## fuzz what reads answers, SECONDS_EACH (60) each; inputs that show a mistake are put into .venv-fuzz/fuzz/found
	@$(VENV)-fuzz/bin/python tests/fuzz/run.py --home $(VENV)-fuzz/fuzz --seconds $(SECONDS_EACH)

coverage: $(VENV)/.coverage  ## which branches the tests do not take
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -m 'not long' --numprocesses 6 --timeout 300 --quiet
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report
	@for name in $(notdir $(wildcard libs/*)); do echo "$$name: $$($(BIN)/coverage report --include "libs/$$name/*" --format total) %"; done

# With KEEP= nothing that is pinned is kept: everything is taken anew. Run it with 3.10 and with 3.11 or newer.
constraints: KEEP = --constraint $(PINS)
constraints:  ## write constraints anew (3.10 has its own): keeps what is pinned; with KEEP= the newest of all
	@rm -rf $(VENV)-pins
	@$(PYTHON) -m venv $(VENV)-pins
	@$(VENV)-pins/bin/python -m pip --disable-pip-version-check install --quiet $(KEEP) 'pip>=25.1'
	@$(VENV)-pins/bin/python $(INSTALL) $(KEEP) $(GROUPS:%=--group %)
	@$(VENV)-pins/bin/python $(INSTALL) $(KEEP) $(TEST_LIBS)
	@$(VENV)-pins/bin/python -m pip freeze --all --exclude-editable > $(VENV)-pins/pins.txt
	@mv $(VENV)-pins/pins.txt $(PINS)
	@rm -rf $(VENV)-pins

bench: $(BENCHES:%=$(VENV)-bench-%/.ready)  ## measure beside other integrations, each framework in an environment of its own
	@for name in $(BENCHES); do $(VENV)-bench-$$name/bin/python benchmarks/$${name}_bench.py || exit 1; done

$(VENV)-bench-%/.ready: benchmarks/requirements-%.txt libs/*/pyproject.toml
	@test -x $(VENV)-bench-$*/bin/python || $(PYTHON) -m venv $(VENV)-bench-$*
	@$(VENV)-bench-$*/bin/python -m pip --disable-pip-version-check install --quiet --requirement $< --editable libs/seacloud_client --editable libs/$*_seacloud
	@touch $@

.venv-docs/.ready: docs/requirements.txt
	@test -x .venv-docs/bin/python || $(PYTHON) -m venv .venv-docs
	@.venv-docs/bin/python -m pip --disable-pip-version-check install --quiet --requirement $<
	@touch $@

docs: .venv-docs/.ready  ## build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet
	@echo "Open site/index.html; its search needs a server: $(PYTHON) -m http.server --directory site"

clean:  ## remove what the targets made
	rm -rf $(VENV) $(VENV)-bench-* $(VENV)-release $(VENV)-lowest $(VENV)-newest $(VENV)-pins $(VENV)-fuzz
	rm -rf .venv-bulk .venv-docs .venv-notebooks pictures site build dist
