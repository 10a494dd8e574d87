# Two commands for a fresh machine: `make demo` and `make test`. Both need Python 3.11 or newer, and make.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check -e

# The floor that decides and does nothing else: every branch of it is tested.
PURE := errors models _core
PURE_FILES := src/customersms_async/_core/*,src/customersms_async/errors.py,src/customersms_async/models.py
PURE_TESTS = $(wildcard $(PURE:%=tests/unit/%) $(PURE:%=tests/unit/test_%.py))

PARALLEL := -n auto --dist worksteal
OUTPUT_BY_TARGET := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

SECONDS ?= 900
TARGET ?= answers
RUNS ?= 100000

.PHONY: help demo test test-pure test-rest test-eager test-uvloop torture fuzz bench bench-full lint clean

help:  ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' Makefile | expand -t 14

demo: .venv/demo-installed  ## send to 2,500 made-up people through the embedded sandbox
	$(BIN)/customersms send --file examples/recipients.csv --message "Doors open at eight" --sandbox; \
	test $$? -eq 3  # 3: not everyone was accepted, as some rows of the file are damaged on purpose

# The parts of `make test` share the processors: each has moments in which it waits.
test: .venv/dev-installed  ## run all tests, those of the event loop in three kinds of it; fail if a branch of the pure floors is not covered
	@$(MAKE) --no-print-directory $(OUTPUT_BY_TARGET) --jobs=4 test-rest test-pure test-eager test-uvloop

test-pure: .venv/dev-installed  ## the tests of the pure floors, of which every branch must be covered
	$(BIN)/coverage run -m pytest -q $(PURE_TESTS)
	$(BIN)/coverage report --fail-under=100 --skip-covered --include='$(PURE_FILES)'

test-rest: .venv/dev-installed  ## all other tests
	$(BIN)/pytest -q $(PARALLEL) $(PURE_TESTS:%=--ignore=%)

test-eager: .venv/dev-installed  ## the tests that depend on the event loop, in one whose tasks are eager
	$(BIN)/pytest -q $(PARALLEL) --loop=eager -n 2

test-uvloop: .venv/dev-installed  ## the same in uvloop's, where it can be installed
	! $(BIN)/python -c 'import uvloop' 2>/dev/null || $(BIN)/pytest -q $(PARALLEL) --loop=uvloop -n 2

torture: .venv/dev-installed  ## kill a campaign at every line and at 200 random moments; then ledgers, and then sends, for SECONDS=900 each
	TORTURE=200 $(BIN)/pytest -q tests/process/campaign/test_kill_*.py
	$(BIN)/python -m tools.torture.campaigns --seconds $(SECONDS)
	$(BIN)/python -m tools.torture.sends --seconds $(SECONDS)

fuzz: .venv/dev-installed  ## made-up inputs for one reader of foreign bytes: TARGET=answers, files, numbers or templates; RUNS=100000
	PYTHONPATH="tests:$$PYTHONPATH" $(BIN)/python -m tools.fuzz $(TARGET) --runs $(RUNS)

bench: .venv/bench-installed  ## what everything costs, beside what people would use instead, in less than two minutes
	$(BIN)/python -m benchmarks.speed

bench-full: .venv/bench-installed  ## the same with more of everything, in seven rounds and half an hour, into docs/speed.md
	$(BIN)/python -m benchmarks.speed --full

lint: .venv/dev-installed  ## ruff and mypy, as CI runs them
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:  ## remove what these commands made
	rm -rf .venv .bench .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv

.venv/demo-installed: pyproject.toml | .venv/bin/python
	$(INSTALL) '.[cli]'
	@touch $@

.venv/dev-installed: pyproject.toml | .venv/bin/python
	$(INSTALL) '.[all,dev]'
	@touch $@

.venv/bench-installed: pyproject.toml benchmarks/requirements.txt | .venv/bin/python
	$(INSTALL) '.[all]' -r benchmarks/requirements.txt
	@touch $@
