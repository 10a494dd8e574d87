"""``CUSTOMERSMS_LOG`` shows the package's lines on standard error, in any program, once each and without the key."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from support.command import COMMAND

KEY = "cspro_a_key_that_must_never_show"
LINE = "attempt 1 failed, and the next comes"

PROGRAM = """
import asyncio, logging, sys
{before}
from customersms_async import AsyncClient, CustomerSMSError
{after}

async def main():
    async with AsyncClient(url="http://127.0.0.1:1/", max_retries=1, pace=None) as client:
        try:
            await client.send("+12125551234", "Hello")
        except CustomerSMSError as error:
            print(type(error).__name__)

asyncio.run(main())
"""


def errors_of(level: str | None, *, before: str = "", after: str = "") -> str:
    """What a program writes to standard error that tries in vain to send, and is otherwise as it should be."""
    program = PROGRAM.format(before=before, after=after)
    ended = run(level, sys.executable, "-W", "error", "-c", program)
    assert (ended.returncode, ended.stdout) == (0, "ConnectionFailedError\n")
    return ended.stderr


def run(level: str | None, *command: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, as the variable is read once; its words without the key."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CUSTOMERSMS_")}
    changes = {"CUSTOMERSMS_API_KEY": KEY, "CUSTOMERSMS_URL": "http://127.0.0.1:1/"}
    changes |= {} if level is None else {"CUSTOMERSMS_LOG": level}
    ended = subprocess.run(command, env=ours | changes, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert KEY not in ended.stdout + ended.stderr
    return ended


@pytest.mark.parametrize("level", ["debug", " DEBUG "])
def test_lines_are_shown_with_their_time_and_level(level: str) -> None:
    (line,) = errors_of(level).splitlines()
    assert re.match(
        rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d,\d{{3}} DEBUG customersms_async: {LINE} .*\(key \w{{8}}\)$", line
    )


@pytest.mark.parametrize("level", [None, "", "info", "warning", "error"])
def test_nothing_is_shown_that_is_below_the_level_or_where_none_is_named(level: str | None) -> None:
    assert errors_of(level) == ""


@pytest.mark.parametrize("level", ["loud", "10", KEY])
def test_a_level_that_is_none_is_complained_of_and_harms_nothing(level: str) -> None:
    (line,) = errors_of(level).splitlines()
    assert line == "CUSTOMERSMS_LOG is to name a level, one of debug, info, warning, error; what it holds is ignored"


SET_UP = "logging.basicConfig(format='mine: %(message)s')"


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_line_that_the_program_shows_is_not_shown_twice(place: str) -> None:
    (line,) = errors_of("debug", **{place: SET_UP}).splitlines()
    assert line.startswith(f"mine: {LINE}")


@pytest.mark.parametrize(
    "after",
    [
        f"{SET_UP}; logging.root.handlers[0].setLevel('ERROR')",
        "logging.getLogger('customersms_async').addHandler(logging.NullHandler())",
        f"{SET_UP}; logging.getLogger('customersms_async').propagate = False",
    ],
)
def test_a_line_that_no_handler_of_the_program_takes_is_shown(after: str) -> None:
    (line,) = errors_of("debug", after=after).splitlines()
    assert f"DEBUG customersms_async: {LINE}" in line


def test_a_level_that_the_program_sets_for_the_logger_counts() -> None:
    assert errors_of("debug", after="logging.getLogger('customersms_async').setLevel('ERROR')") == ""


def test_a_program_without_standard_error_sends_all_the_same() -> None:
    assert errors_of("debug", after="sys.stderr.flush(); sys.stderr = None") == ""


def test_nothing_is_made_where_it_is_not_set() -> None:
    assert errors_of(None, after="assert 'customersms_async._runtime.stderr_handler' not in sys.modules") == ""
    assert errors_of(None, after="assert logging.getLogger('customersms_async').handlers == []") == ""


@pytest.mark.parametrize(
    ("level", "option", "lines"),
    [
        (None, (), 0),
        ("debug", (), 2),
        ("DEBUG", (), 2),
        (None, ("--log-level", "DEBUG"), 2),
        ("debug", ("--log-level", "warning"), 0),
        ("error", ("--log-level", "debug"), 2),
        ("loud", (), 0),
        ("loud", ("--log-level", "debug"), 2),
    ],
)
def test_on_the_command_line_the_option_goes_first(level: str | None, option: tuple[str, ...], lines: int) -> None:
    ended = run(level, *COMMAND, "send", "+12125551234", "-m", "Hello", "--quota", "memory", *option)
    assert ended.returncode == 3
    assert ended.stderr.count("customersms_async: attempt ") == lines, "each of two attempts once"
    assert ended.stderr.count("CUSTOMERSMS_LOG is to name a level") == (level == "loud")
    others = [line for line in ended.stderr.splitlines() if re.match(r"[A-Z]+ (?!customersms_async:)\S+: ", line)]
    assert others == [], "lines of other libraries"
