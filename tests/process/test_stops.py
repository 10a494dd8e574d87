"""A process that is stopped between its campaign's hook and the first byte, and goes on after its attempt's deadline.

Nothing leaves past the deadline, whatever the engine: others may have taken the attempt, and its tokens, for dead.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async._runtime.clock import now_us
from support.broken_gateways import KEY, RawGateway, answered, http
from support.engines import ENGINES
from support.places import TESTS
from support.platforms import needs_proc
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from support import broken_gateways

pytestmark = needs_proc

PHONES = ["+12125551234", "+13235554567"]
TIMEOUT = 2.5
"""Seconds of an attempt with one number: long enough to stop in, on a machine that is busy."""


async def answer(connection: broken_gateways.Connection) -> None:
    while True:
        asked = await connection.read()
        ARRIVALS.append(now_us())
        await connection.write(http(answered(asked.phones)))


ARRIVALS: list[int] = []


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("durable", [True, False], ids=["campaign", "stream"])
async def test_nothing_leaves_after_the_deadline_of_a_process_that_was_stopped(
    tmp_path: Path, engine: str, durable: bool
) -> None:
    ARRIVALS.clear()
    ledger = tmp_path / "ledger" if durable else None
    gateway = RawGateway(answer)
    async with gateway.serve() as url:
        job = {"url": url, "key": KEY, "engine": engine, "timeout": TIMEOUT, "phones": PHONES}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "support.stopped_process",
            json.dumps({**job, "ledger": ledger and str(ledger)}),
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(TESTS)},
        )
        try:
            told = await stopped_and_let_go_on(process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
    assert told["outcomes"] == ["accepted", "accepted"]
    assert [asked.phones for asked in gateway.asked] == [PHONES], "it went out once"
    assert (len(told["taken"]), told["renewed"]) == (2, 1)
    assert ARRIVALS[0] > told["taken"][1], "and not by the attempt whose time was over"
    if ledger is not None:
        assert attempts(ledger) == [(2, 0), (0, 2)]


async def stopped_and_let_go_on(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """What the process tells at its end, after it has stood still until its attempt's deadline was over."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        assert await process.stdout.readline() == b"stopping\n"
        while "T" not in state_of(process.pid):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)
        await asyncio.sleep(TIMEOUT + 0.6)
        assert not ARRIVALS
        process.send_signal(signal.SIGCONT)
        told: dict[str, Any] = json.loads(await process.stdout.readline())
    return told


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


def attempts(ledger: Path) -> list[tuple[int, int]]:
    """How many recipients of each attempt were unsent, and how many accepted."""
    with closing(sqlite3.connect(ledger)) as connection:
        return connection.execute(
            "SELECT unsent, accepted FROM attempts JOIN answers ON attempt_id = id ORDER BY id"
        ).fetchall()
