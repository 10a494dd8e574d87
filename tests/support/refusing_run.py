"""A campaign some of whose people may not be texted, run by forked processes that may be killed at a chosen step.

As a program it reads one order a line from standard input, and answers with how the run ended: see ``RefusingRuns``.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final, final

import certifi  # noqa: F401 - this and what follows once, and not in each fork
import httpcore  # noqa: F401

import customersms_async._http.httpx_engine
import customersms_async._sending.checked_delivery
import customersms_async.quota._sqlite.cap_rows  # noqa: F401
from customersms_async import AsyncClient, Campaign, Caps, Limit, Message, Outcome, SQLiteQuota
from support.forked import end_if_it_hangs
from support.places import PACKAGE, TESTS
from support.step_tracer import Tracer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KEY: Final = "cspro_a_key_that_must_never_show"
PHONES: Final = [f"+1212{number:07}" for number in range(12)]
LATE: Final = frozenset({PHONES[2], PHONES[9]})
"""Whoever is found on the list only when the ledger says that they are being sent to."""

MESSAGES: Final = [Message(phone, "Hello") for phone in PHONES] + [Message(phone, "Again") for phone in PHONES[:4]]
"""The second text to a number hits its cap."""

BATCH, IN_FLIGHT = 4, 2


@final
class LateList:
    """Says no to ``LATE`` numbers from the second time on that it is asked about them."""

    in_process = True

    def __init__(self) -> None:
        self._asked = dict.fromkeys(LATE, 0)

    async def suppressed(self, phones: Sequence[str]) -> frozenset[str]:
        asked = LATE.intersection(phones)
        for phone in asked:
            self._asked[phone] += 1
        return frozenset(phone for phone in asked if self._asked[phone] > 1)


async def run(folder: str, url: str) -> list[Outcome]:
    """Run the campaign in ``folder`` to its end; the outcomes that it gave."""
    options: dict[str, Any] = {"limits": Limit(10_000, 1), "pace": None, "batch_size": BATCH, "timeout": 5.0}
    options["caps"] = Caps("news", per_number=Limit(1, 86_400))
    async with (
        SQLiteQuota(f"{folder}/quota.db") as quota,
        AsyncClient(
            api_key=KEY, url=url, quota=quota, suppression=LateList(), max_concurrency=IN_FLIGHT, **options
        ) as client,
        Campaign.open(f"{folder}/ledger", create=False) as campaign,
    ):
        return [outcome async for outcome in campaign.run(client)]


async def add(folder: Path) -> None:
    """Make the campaign's ledger."""
    async with Campaign.open(folder / "ledger") as campaign:
        await campaign.add(MESSAGES)


@final
class RefusingRuns:
    """Has a process fork itself for each run."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.refusing_run"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), str(TESTS)])},
        )

    def run(self, folder: Path, url: str, *, step: str | None = None, log: str | None = None) -> int:
        """Run the campaign there; gives the process's end, less than 0 if it was killed at ``step``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"folder": str(folder), "url": url, "step": step, "log": log}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def serve() -> None:
    """Answer orders until the input ends."""
    gc.freeze()  # what is collected in a fork is copied to it
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            end_if_it_hangs()
            Tracer(order["step"], 1, order["log"]).begin()
            asyncio.run(run(order["folder"], order["url"]))
            os._exit(0)
        _, result = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(result)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
