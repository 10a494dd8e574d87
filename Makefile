# Two commands for a fresh machine: `make demo` and `make test`. Both need Python 3.11 or newer, and make.

PYTHON ?= python3
BIN := .venv/bin
RELEASE := .venv/release/bin
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check -e

# The floor that decides and does nothing else: every branch of it is tested.
PURE := errors models events segments _core
PURE_FILES := src/customersms_async/_core/*,src/customersms_async/errors.py,src/customersms_async/models.py,src/customersms_async/events.py,src/customersms_async/segments.py
PURE_TESTS = $(wildcard $(PURE:%=tests/unit/%) $(PURE:%=tests/unit/test_%.py))

# It takes packages from the first Python that it finds.
BY_PYRIGHT := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/basedpyright

PARALLEL := -n auto --dist worksteal
OUTPUT_BY_TARGET := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

# Whatever the environment says: without it every process of the tests compiles the package anew.
unexport PYTHONDONTWRITEBYTECODE

SECONDS ?= 900
FAULTS ?= 500
TARGET ?= answers
RUNS ?= 100000

.PHONY: help demo test test-pure test-all torture torture-fleet fuzz bench bench-full instructions docs docs-serve lowest lint api dist sbom clean

help:  ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' Makefile | expand -t 14

demo: .venv/demo-installed  ## send to 2,500 made-up people through the embedded sandbox
	$(BIN)/customersms send --file examples/recipients.csv --message "Doors open at eight" --sandbox; \
	test $$? -eq 3  # 3: not everyone was accepted, as some rows of the file are damaged on purpose

# The parts of `make test` share the processors: each has moments in which it waits.
test: .venv/dev-installed  ## run all tests, those of the event loop in three kinds of it; fail if a branch of the pure floors is not covered
	@$(MAKE) --no-print-directory $(OUTPUT_BY_TARGET) --jobs=2 test-all test-pure

# Without made-up examples, which cover more or less at a time: what counts is what the tests name. And without what goes
# through the same lines many thousand times, in the tracer's presence for nothing: test-all runs all that is left out.
test-pure: .venv/dev-installed  ## the tests of the pure floors, of which every branch must be covered
	$(BIN)/coverage run -m pytest -q --hypothesis-profile=named -m "not at_length" $(PURE_TESTS)
	$(BIN)/coverage report --fail-under=100 --skip-covered --include='$(PURE_FILES)'

test-all: .venv/dev-installed  ## all tests, those that depend on the event loop in every kind of it that is installed
	$(BIN)/pytest -q $(PARALLEL) --loop=every

torture: .venv/dev-installed  ## kill a campaign at every line and at 200 random moments; then ledgers, and then sends, for SECONDS=900 each
	TORTURE=200 $(BIN)/pytest -q -o faulthandler_timeout=0 tests/process/campaign/test_kill_*.py tests/unit/_sending/test_interrupts.py
	$(BIN)/python -m tools.torture.campaigns --seconds $(SECONDS)
	$(BIN)/python -m tools.torture.sends --seconds $(SECONDS)

torture-fleet: .venv/dev-installed  ## three hosts on one database, all of them killed, stopped and cut off, FAULTS=500 times; for root
	PYTHONPATH="tests:$$PYTHONPATH" $(BIN)/python -m tools.torture.fleet --faults $(FAULTS)

fuzz: .venv/dev-installed  ## made-up inputs for one reader of foreign bytes: TARGET=answers, files, ledgers, numbers, sheets or templates; RUNS=100000
	PYTHONPATH="tests:$$PYTHONPATH" $(BIN)/python -m tools.fuzz $(TARGET) --runs $(RUNS)

bench: .venv/bench-installed  ## what everything costs, ledgers and quotas too, beside what people would use instead, in five minutes
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.quota

bench-full: .venv/bench-installed  ## the same with more of everything, in seven rounds and half an hour, into docs/speed.md
	$(BIN)/python -m benchmarks.speed --full

instructions: .venv/dev-installed  ## what sends cost in instructions of the processor; fail if one has grown by 5%
	$(BIN)/python -m benchmarks.instructions

docs: .venv/docs-installed  ## the site of docs/, into .site/html; a link, an anchor or a name that leads nowhere fails
	$(BIN)/python -m tools.site build

docs-serve: .venv/docs-installed  ## the same on http://127.0.0.1:8000, made anew as pages are written
	$(BIN)/python -m tools.site serve

lowest: .venv/dev-installed  ## a part of the tests, with the lowest version of each dependency that pyproject.toml names
	$(BIN)/python -m tools.lowest_versions

lint: .venv/dev-installed  ## ruff, mypy and pyright, as CI runs them
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BY_PYRIGHT)
	@$(BY_PYRIGHT) --verifytypes customersms_async --ignoreexternal >.types || { cat .types; exit 1; }

api: .venv/dev-installed  ## which public names a change would break, compared with the last tag
	$(BIN)/python -m tools.release.api_changes

dist: .venv/release-installed .venv/dev-installed  ## build the sdist and the wheel into dist/, and look at them as the index and as a user would
	rm -rf dist
	$(RELEASE)/python -m build --outdir dist . >.build-log || { cat .build-log; exit 1; }
	$(RELEASE)/twine check --strict dist/*
	$(RELEASE)/check-wheel-contents --package src/customersms_async dist/*.whl
	$(RELEASE)/cffconvert --validate
	$(RELEASE)/python -m tools.release.distributions dist --test-with $(BIN)/python

sbom: dist  ## what the wheel's extras bring, as a CycloneDX file beside it
	$(BIN)/python -m tools.release.sbom dist

clean:  ## remove what these commands made
	rm -rf .venv .bench .build-log .cache .site .types dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

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

.venv/docs-installed: docs/requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install -qq --disable-pip-version-check -r docs/requirements.txt
	@touch $@

.venv/release-installed: tools/release/requirements.txt | .venv/bin/python
	$(BIN)/python -m venv .venv/release
	$(RELEASE)/python -m pip install -qq --disable-pip-version-check -r tools/release/requirements.txt
	@touch $@
