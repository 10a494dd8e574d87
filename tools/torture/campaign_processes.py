"""What the processes of ``campaigns`` do, one thing each: run, look, resolve, or open the file with SQLite alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from customersms_async import AsyncClient, Campaign, LedgerError, Limit, MemoryQuota

KEY = "cspro_made_up_for_torture"
BATCH, REQUESTS = 5, 4
PATIENCE = 300.0
"""Seconds until a process is given up."""


async def run(path: str, url: str, suppressed: list[str], dice: random.Random, *, calm: bool) -> None:
    """Run the campaign, with a status page over the same ledger in this process, and forks now and then."""
    page: asyncio.Task[None] | None = None
    options: dict[str, Any] = {"quota": MemoryQuota(), "limits": Limit(10**6, 1), "pace": None, "timeout": 2.0}
    async with (
        AsyncClient(api_key=KEY, url=url, batch_size=BATCH, max_concurrency=REQUESTS, **options) as client,
        Campaign.open(path, create=False) as campaign,
    ):
        if dice.random() < 0.7:
            page = asyncio.create_task(look_on(path, dice))
        try:
            async for outcome in campaign.run(client, suppress=suppressed, stop_after_unknown=1_000):
                print(outcome.phone, outcome.status, flush=True)
                if not calm and dice.random() < 0.02:
                    fork(path, dice)
                if not calm and dice.random() < 0.001:
                    break
        finally:
            if page is not None:
                page.cancel()


async def look_on(path: str, dice: random.Random) -> None:
    """Be a status page: open the ledger, look, and close it, over and over."""
    while True:
        with contextlib.suppress(LedgerError):  # it was moved meanwhile
            async with Campaign.open(path, create=False) as campaign:
                await campaign.counts()
                await asyncio.sleep(dice.random() / 50)
        await asyncio.sleep(dice.random() / 50)


def fork(path: str, dice: random.Random) -> None:
    """Have a child that ends at once, or looks at the ledger first, or outlives its parent for a while."""
    way = dice.randrange(4)
    if os.fork():
        return
    signal.alarm(10)
    os.setpgid(0, 0)  # so that it is not killed with its parent
    try:
        if way == 1:
            asyncio.run(status(path))
        elif way == 2:
            time.sleep(dice.random())
        elif way == 3:
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as it:
                it.execute("SELECT count(*) FROM recipients").fetchone()
    finally:
        os._exit(0)


async def status(path: str) -> None:
    """Look at the ledger, as ``campaign status`` does."""
    with contextlib.suppress(LedgerError):
        async with Campaign.open(path, create=False) as campaign:
            await campaign.counts()
            async for _ in campaign.outcomes():
                pass


async def resolve(path: str, phones: list[str], becomes: str) -> None:
    """Decide, as ``campaign resolve`` does."""
    with contextlib.suppress(LedgerError):
        async with Campaign.open(path, create=False) as campaign:
            await campaign.resolve(phones, as_=becomes, by="Ann")


def act(order: dict[str, Any]) -> None:
    """Do what is ordered, as a process of its own."""
    dice = random.Random(order["seed"])
    path = order["path"]
    if order["act"] == "run":
        try:
            asyncio.run(run(path, order["url"], order["suppressed"], dice, calm=order["calm"]))
        except LedgerError as error:
            print(f"refused: {error}", flush=True)
    elif order["act"] == "status":
        asyncio.run(status(path))
    elif order["act"] == "resolve":
        asyncio.run(resolve(path, order["phones"], order["as"]))
    elif order["act"] == "sqlite":
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as it,
        ):
            it.execute("SELECT count(*) FROM recipients").fetchone()


class Process:
    """A process that does one thing with a campaign, and what it has printed."""

    def __init__(self, folder: Path, **order: Any) -> None:
        self.act: str = order["act"]
        self.path = Path(order["path"])
        self.began = time.monotonic()
        self.out = folder / f"out-{random.randrange(10**9)}"
        self.suppressed: list[str] = order.get("suppressed", [])
        with self.out.open("w", encoding="utf-8") as out:
            self.process = subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, "-m", "tools.torture.campaign_processes", json.dumps(order)], stdout=out, stderr=out
            )

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def said(self) -> list[str]:
        """What it has printed so far."""
        return self.out.read_text(encoding="utf-8").splitlines()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.alive:
            self.process.send_signal(number)

    def end(self) -> list[str]:
        """Wait for its end; gives what it printed."""
        self.process.wait(PATIENCE)
        said = self.said()
        self.out.unlink()
        return said


if __name__ == "__main__":
    act(json.loads(sys.argv[1]))
