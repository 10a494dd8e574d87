"""Output that outlives whoever reads it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.command import COMMAND, KEY, PATIENCE
from support.command_results import accepted, texted, written
from support.platforms import WINDOWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from customersms_async.sandbox import Sandbox
    from support.command import Commands

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

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


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_what_standard_output_can_not_keep_is_in_the_file_all_the_same(customersms: Commands, serve: Serve) -> None:
    """``--json`` onto a disk that is full: the texts that were on their way by then are in ``--output``."""
    gateway, there = serve(latency=0.2)
    options = "--message Hi --batch-size 5 --pace none --yes --json --output r.jsonl"
    program = f"exec {COMMAND[0]} send --file {customersms.people(200)} {options} >/dev/full"
    process = customersms.start_as(("/bin/bash", "-c", program), **there)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "standard output: No space left on device" in " ".join(err.split())) == (1, True), err
    assert 0 < len(gateway.texts) < 200
    assert accepted(written(customersms.folder / "r.jsonl")) == texted(gateway)


def test_a_screen_that_nobody_reads_ends_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [*SEND, "+12125551234"]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.skipif(WINDOWS, reason="there is no such bound")
@pytest.mark.parametrize("name", ["r.csv", "r.jsonl"])
def test_a_disk_that_is_full_ends_the_send_with_the_file_s_name_and_no_traceback(
    customersms: Commands, name: str
) -> None:
    """A bound on what a process may write into a file stands for the end of a disk."""
    arguments = f"send --file {customersms.people(400)} --message Hi --sandbox --batch-size 20 --yes --output {name}"
    program = f"ulimit -f 8; exec {COMMAND[0]} {arguments}"
    process = customersms.start_as(("/bin/bash", "-c", program))
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Traceback" not in out + err
    lost = re.search(r"([\d,]+) outcomes? could not be written down: who is missing there may have", out)
    rows = re.search(r"([\d,]+) rows? (?:was|were) not read any more", out)
    kept = len((customersms.folder / name).read_text(encoding="utf-8").splitlines()[name.endswith("csv") :]) - 1
    assert lost is not None
    assert int(lost[1]) + kept + (0 if rows is None else int(rows[1])) == 400
    assert f"It ended early: {name}: File too large" in out
    assert "nothing went out to those who are rejected, unsent or were not read" in " ".join(out.split())


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize("command", ["estimate +12125551234 --message Hi --json", "quota --json"])
def test_an_output_that_can_not_be_kept_is_said(customersms: Commands, command: str) -> None:
    program = f"exec {COMMAND[0]} {command} >/dev/full"
    process = customersms.start_as(("/bin/bash", "-c", program), CUSTOMERSMS_API_KEY=KEY)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (1, "standard output: No space left on device\n")
