"""Output that outlives whoever reads it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.command import COMMAND

SEND = [*COMMAND, "send", "--sandbox", "--message", "Hi"]
FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_outcomes_that_can_not_be_kept_stop_the_send() -> None:
    phones = [f"+1212555{i:04}" for i in range(40)]
    with FULL.open("w") as full:
        ended = subprocess.run(  # noqa: S603 - our own command
            [*SEND, "--json", "--batch-size", "1", *phones], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.returncode == 1
    assert "No space left" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "rows were not read any more" in ended.stderr or "STOPPED" in ended.stderr


def test_a_screen_that_nobody_reads_ends_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [*SEND, "+12125551234"]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")
