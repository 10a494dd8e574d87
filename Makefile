# Two commands for a fresh machine: `make demo` and `make test`. Both need Python 3.11 or newer, and make.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check -e

# The floor that decides and does nothing else: every branch of it is tested.
PURE := errors models _core

# What depends on the event loop is tested under eager tasks and under uvloop, too.
LOOPS := tests/unit/test_client.py tests/unit/_runtime tests/unit/_admission tests/unit/_sending \
	$(addprefix tests/socket/,campaign/test_running.py test_cancellation.py test_hooks.py test_send_many.py test_stream.py)

SECONDS ?= 900
TARGET ?= answers
RUNS ?= 100000

.PHONY: help demo test torture fuzz bench bench-full lint clean

help:  ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' Makefile | expand -t 14

demo: .venv/demo-installed  ## send to 2,500 made-up people through the embedded sandbox
	$(BIN)/customersms send --file examples/recipients.csv --message "Doors open at eight" --sandbox; \
	test $$? -eq 3  # 3: not everyone was accepted, as some rows of the file are damaged on purpose

test: .venv/dev-installed  ## run all tests, those of the event loop in three kinds of it; fail if a branch of the pure floors is not covered
	$(BIN)/coverage run -m pytest -q $(wildcard $(PURE:%=tests/unit/%) $(PURE:%=tests/unit/test_%.py))
	$(BIN)/coverage report --fail-under=100 --skip-covered --include='src/customersms_async/_core/*,*/errors.py,*/models.py'
	$(BIN)/pytest -q -n auto --dist loadfile
	$(BIN)/pytest -q -n auto --dist loadfile --loop=eager $(LOOPS)
	! $(BIN)/python -c 'import uvloop' 2>/dev/null || $(BIN)/pytest -q -n auto --dist loadfile --loop=uvloop $(LOOPS)

torture: .venv/dev-installed  ## kill a campaign at every line and at 200 random moments; then ledgers, and then sends, for SECONDS=900 each
	TORTURE=200 $(BIN)/pytest -q tests/process/campaign/test_kill.py
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
