"""The inputs that taught the fuzzer most, replayed: see ``fuzzing`` for what must hold, ``tools/fuzz.py`` for more."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from support.fuzzing import TARGETS
from support.places import DATA, ROOT, TESTS

pytestmark = pytest.mark.at_length

CORPUS = DATA / "corpus"


@pytest.mark.parametrize("target", TARGETS)
def test_every_rule_holds_for_the_inputs_that_were_found(target: str) -> None:
    inputs = sorted((CORPUS / target).iterdir())
    assert inputs
    for file in inputs:
        TARGETS[target](file.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_the_rules_hold_for_short_and_for_cut_inputs(target: str) -> None:
    for file in sorted((CORPUS / target).iterdir()):
        data = file.read_bytes()
        for length in range(0, len(data), max(1, len(data) // 20)):
            TARGETS[target](data[:length])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "unit", [b"(0)", b"[(", b"+1", b'{"', b'{"a":', b'""', b"{{", b"{a}", b"\xff\xfe", b"1\n", b'",\n"']
)
def test_no_long_input_takes_long(target: str, unit: bytes) -> None:
    """Time grows as the length does: 100,000 bytes in a moment, where a square would take minutes."""
    for head in (b"\x00\x00\x00\x01", b"\x18\x05\x00\x01"):
        began = time.process_time()
        TARGETS[target](head + unit * (100_000 // len(unit)))
        assert time.process_time() - began < 5


def test_the_fuzzer_runs() -> None:
    command = [sys.executable, "-m", "tools.fuzz", "answers", "--runs", "500"]
    world = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    ended = subprocess.run(command, cwd=ROOT, env=world, capture_output=True, timeout=60, check=False)  # noqa: S603 - our own
    assert ended.returncode == 0
