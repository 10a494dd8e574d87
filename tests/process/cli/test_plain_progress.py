"""What a long send says while it works, where there is no terminal."""

from __future__ import annotations

import re
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from customersms_async.cli.send.screen import PLAIN_EVERY
from customersms_async.sandbox import Fault, Sandbox
from support.command import KEY, PATIENCE, Commands
from support.command_results import A, B, accepted, texted, written

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module", autouse=True)
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], Future[float]]]:
    """A send that takes nine seconds, begun well before anyone looks at it; and how long it took, once it is over."""
    gateway, commands = Sandbox({KEY: 10}), Commands(tmp_path_factory.mktemp("slow"))
    with gateway.serve_in_thread() as url, ThreadPoolExecutor(1) as pool:
        options = ("--yes", "--limit", "1/9", "--batch-size", "1")
        began = time.monotonic()
        process = commands.start(
            *("send", "--file", commands.people(2), "--message", "Hi", *options),
            CUSTOMERSMS_URL=url,
            CUSTOMERSMS_API_KEY=KEY,
        )

        def took() -> float:
            process.wait()
            return time.monotonic() - began

        yield process, pool.submit(took)
        commands.close()


def test_one_plain_line_comes_every_few_seconds(slow: tuple[subprocess.Popen[str], Future[float]]) -> None:
    process, took = slow
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert "\x1b" not in out
    lines = re.findall(r"^\d of 2, .*$", out, re.MULTILINE)
    assert 1 <= len(lines) <= max(1, took.result(PATIENCE) // PLAIN_EVERY)
    assert re.fullmatch(
        r"1 of 2, [\d.]+ s to go, until \d\d:\d\d:\d\d: 1 accepted, 0 rejected, 0 unknown, 0 unsent;"
        r" 0 a second; left: 0 of 1 in 9.0 s",
        lines[0],
    )


@pytest.fixture(scope="module", autouse=True)
def abandoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, subprocess.Popen[str], Path]]:
    """A send of six seconds whose reader has left by the time of its first plain line."""
    gateway = Sandbox({KEY: 10}, faults={2: (Fault.SLOW, 6.0)})
    commands = Commands(tmp_path_factory.mktemp("abandoned"))
    with gateway.serve_in_thread() as url:
        process = commands.start(
            *("send", A, B, "--message", "Hi", "--batch-size", "1", "--max-concurrency", "1", "--output", "r.csv"),
            CUSTOMERSMS_URL=url,
            CUSTOMERSMS_API_KEY=KEY,
        )
        assert process.stdout is not None
        process.stdout.close()
        yield gateway, process, commands.folder / "r.csv"
        commands.close()


def test_a_reader_that_goes_away_does_not_end_the_send(
    abandoned: tuple[Sandbox, subprocess.Popen[str], Path],
) -> None:
    gateway, process, path = abandoned
    process.wait(PATIENCE)
    assert accepted(written(path)) == texted(gateway) == [A, B]
