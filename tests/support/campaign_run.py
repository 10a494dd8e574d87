"""A campaign of 600 people that real processes run, and what must hold of it whatever befalls them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from customersms_async import AsyncClient, Campaign, Limit, MemoryQuota, Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

KEY = "cspro_made_up"
PEOPLE = [f"+1212{number:07}" for number in range(600)]
BATCH = 5
IN_FLIGHT = 4
WORLD: dict[str, Any] = {
    "batch_size": BATCH,
    "max_concurrency": IN_FLIGHT,
    "pace": None,
    "limits": Limit(10**6, 1),
    "timeout": 5.0,
}

RUN = """
import asyncio, contextlib, os, sys
from customersms_async import AsyncClient, Campaign, LedgerError, Limit, MemoryQuota

async def look_on(path):
    while True:
        async with Campaign.open(path) as campaign:
            await campaign.counts()
        await asyncio.sleep(0.001)

async def main(path, url, looks_on, enough):
    options = {"quota": MemoryQuota(), "limits": Limit(10**6, 1), "pace": None, "timeout": 5.0}
    client = AsyncClient(api_key="cspro_made_up", url=url, batch_size=5, max_concurrency=4, **options)
    async with client, Campaign.open(path) as campaign:
        page = asyncio.create_task(look_on(path)) if looks_on else None
        told = 0
        try:
            async for outcome in campaign.run(client):
                told += 1
                if told == enough:
                    print("enough", flush=True)
        except LedgerError as error:
            print("refused:", error, flush=True)
        if page is not None:
            page.cancel()

asyncio.run(main(sys.argv[1], sys.argv[2], bool(int(sys.argv[3])), int(sys.argv[4])))
"""


class Run:
    """The campaign, run by a process of its own; told when it has come some way."""

    def __init__(self, path: Path, url: str, *, looks_on: bool = False, enough: int = 50) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-c", RUN, str(path), url, str(int(looks_on)), str(enough)],
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def comes_some_way(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "enough\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self) -> str:
        said, _ = self.process.communicate(timeout=60)
        return said


def command(*arguments: object) -> str:
    """What the command says, wherever it says it."""
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", "from customersms_async.cli import main; main()", "campaign", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"COLUMNS": "300"},
    )
    return " ".join((ended.stdout + ended.stderr).split())


async def go_on(path: Path, sandbox: Sandbox, **options: Any) -> list[Outcome]:
    """Run the campaign to its end in this process; all outcomes in the order in which they came."""
    async with (
        AsyncClient(api_key=KEY, url=sandbox.url, quota=MemoryQuota(), **WORLD) as client,
        Campaign.open(path, create=False) as campaign,
    ):
        return [outcome async for outcome in campaign.run(client, **options)]


async def counted(path: Path) -> dict[str, int]:
    """How many recipients each state of the ledger holds; states that hold nobody are left out."""
    async with Campaign.open(path, create=False) as campaign:
        return {state.value: count for state, count in (await campaign.counts()).items() if count}


def cut_off(path: Path, sandbox: Sandbox) -> int:
    """How many recipients are unknown since a run was killed: one at least, whichever moment that was."""
    unknown = 0
    while not unknown:
        run = Run(path, sandbox.url, enough=10)
        run.comes_some_way()
        run.kill()
        unknown = asyncio.run(counted(path)).get("unknown", 0)
    return unknown


def nobody_twice(sandbox: Sandbox) -> None:
    """No number got a text twice, as the gateway has seen it."""
    assert sandbox.duplicates() == ()


def all_is_known(path: Path, sandbox: Sandbox) -> None:
    """Everyone was sent to once, or is said to be unknown, of whom there are no more than were in flight."""
    asyncio.run(go_on(path, sandbox))
    nobody_twice(sandbox)
    counts = asyncio.run(counted(path))
    unknown = counts.pop("unknown", 0)
    assert unknown <= BATCH * IN_FLIGHT
    assert counts == {"accepted": len(PEOPLE) - unknown}
