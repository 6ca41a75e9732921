# Two commands do all: `make mine` and `make test`. Each first makes what it needs, in .venv; `make clean` undoes it.

SHELL := /bin/sh
PYTHON ?= python3
export PYTHON
# The environment is .venv and nothing else.
unexport PYTHONPATH PYTHONHOME

VENV := .venv
BASE := $(VENV)/.base
TEST := $(VENV)/.test
# What an installation is made from. Python sources are used where they lie, so they are not here.
INPUTS := pyproject.toml setup.py .ci/environment \
          $(filter-out ext/_scan.c,$(wildcard ext/*.c ext/*.h ext/*.pyx ext/*.pxd))

# A folder that was moved, a Python or a built module that is gone: install again, whatever the dates say.
ifneq ($(shell [ -x $(VENV)/bin/python ] && ls ext/_scan.*.so >/dev/null 2>&1 && cat $(BASE) 2>/dev/null),$(CURDIR))
INPUTS += again
endif

# Most tests run on virtual time, where it does not matter what runs beside them.
SIDE_BY_SIDE := -n auto --maxprocesses 8 --dist worksteal

# One line when something is missing, before anything is made; then the installation.
define install
$(eval missing := $(shell PYTHON='$(PYTHON)' sh .ci/environment missing))$(if $(missing),$(error $(missing)))
@sh .ci/environment $(1) $(filter-out again,$(INPUTS))
endef

.PHONY: help mine test test-long check lint types sanitize bench pictures soak endure fuzz patterns validate clean again
.NOTPARALLEL:

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS='	' read -r name about; do \
	    printf 'make %-10s %s\n' "$$name" "$$about"; done

mine: $(BASE)  ## build if need be, and mine; options go in ARGS, as in make mine ARGS="-o URL -u USER"
	@exec $(VENV)/bin/joulehash mine $(value ARGS)

test: $(TEST)  ## every test that takes seconds; ARGS go to pytest
	@exec $(VENV)/bin/pytest $(SIDE_BY_SIDE) -m "not long and not speed" $(value ARGS)

test-long: $(TEST)  ## the tests that take minutes
	@$(VENV)/bin/pytest $(SIDE_BY_SIDE) -m "long and not alone" $(value ARGS)
	@exec $(VENV)/bin/pytest -m "long and alone" $(value ARGS)

check: lint types  ## both of these, without running anything

lint: $(TEST)  ## ruff: rules and layout
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .

types: $(TEST)  ## mypy and pyright, both strict, and proof that they saw every file
	@exec $(VENV)/bin/python -P .ci/check_types.py

sanitize: $(TEST)  ## the C under the address and undefined-behaviour sanitizers
	@exec .ci/sanitize

bench: $(TEST)  ## measure this machine, for five minutes, and write docs/benchmarks.md and docs/kernels.svg
	@mkdir -p build
	@$(VENV)/bin/pytest tests/speed --benchmark-only --benchmark-json=build/speed.json
	@exec $(VENV)/bin/joulehash bench all --suites build/speed.json --plot docs/kernels.svg \
	    --write docs/benchmarks.md $(value ARGS)

pictures: $(TEST)  ## make the pictures of README and docs anew, as reports and screens are now; NAMES="check.png"
	@exec $(VENV)/bin/python -m tests.support.pictures docs $(value NAMES)

soak: $(TEST)  ## 100 000 faults between miner and pool, for a quarter of an hour, into docs/reliability.md
	@exec $(VENV)/bin/python -m tests.soak.faults $(value ARGS)

endure: $(TEST)  ## a miner on pools that die in turns, for an hour, into docs/reliability.md; ARGS="--minutes 10"
	@exec $(VENV)/bin/python -m tests.soak.endure $(value ARGS)

fuzz: $(TEST)  ## made-up input for every parser, for an hour of a core, counted in docs/reliability.md; ARGS="--minutes 5"
	@exec $(VENV)/bin/python -m tests.fuzz --write $(value ARGS)

patterns: $(BASE)  ## search for known nonces, days of it, for as long as you let it; ARGS="--duration 3600"
	@exec nice -n 19 $(VENV)/bin/joulehash patterns --search --file hw/patterns/data/found.json $(value ARGS)

validate: $(TEST)  ## check simulated boards, sound and broken, for hours, and write docs/bench.md; ARGS="--duration 1h"
	@exec nice -n 15 $(VENV)/bin/python -m joulehash.app.validate --page docs/bench.md \
	    --jobs $$(getconf _NPROCESSORS_ONLN) $(value ARGS)

clean:  ## remove .venv and everything built
	@rm -rf $(VENV) build dist joulehash.egg-info ext/_scan.c ext/_scan.*.so
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BASE): $(INPUTS)
	$(call install,base)

$(TEST): $(INPUTS)
	$(call install,test)
