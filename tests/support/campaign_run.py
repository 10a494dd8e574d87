"""A campaign of 600 people that real processes run, and what must hold of it whatever befalls them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from customersms_async import AsyncClient, Campaign, Limit, MemoryQuota, Outcome
from support.command import Commands
from support.places import PACKAGE, TESTS
from support.platforms import WINDOWS

if not WINDOWS:
    import fcntl

if TYPE_CHECKING:
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


_WRITES: Final = 120
"""The byte of a ``-shm`` that is locked by whoever writes, as SQLite's page about its WAL format says."""


def _state(task: Path) -> str:
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


class Host:
    """Has a process fork itself for each run; it ends with this one, as its input does."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.campaign_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), str(TESTS)])},
        )

    def ask(self, **order: object) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@cache
def host() -> Host:
    return Host()


class Run:
    """The campaign, run by a process of its own; told when it has come some way."""

    def __init__(self, path: Path | str, url: str, *, looks_on: bool = False, enough: int = 50) -> None:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "out")
            os.mkfifo(out)
            self._number = host().ask(run=[str(path), url, looks_on, enough], out=str(out))
            self._said = out.open(encoding="utf-8")

    def comes_some_way(self) -> None:
        assert self._said.readline() == "enough\n"

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self._number, number)  # not waited for yet, so the number is still its own

    def stop_between_changes(self, path: Path) -> None:
        """Stop it where it is not writing to the ledger at ``path``: one COMMIT is several writes."""
        while True:
            self.send_signal(signal.SIGSTOP)
            while any(_state(task) != "T" for task in Path(f"/proc/{self._number}/task").iterdir()):
                time.sleep(0.001)
            with path.with_name(path.name + "-shm").open("r+b") as memory, contextlib.suppress(BlockingIOError):
                fcntl.lockf(memory, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _WRITES)
                return
            self.send_signal(signal.SIGCONT)
            time.sleep(0.001)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
        self._wait()

    def end(self) -> str:
        too_late = threading.Timer(60, self.send_signal, [signal.SIGKILL])
        too_late.start()
        said, status = self._said.read(), self._wait()
        too_late.cancel()
        assert status != -signal.SIGKILL, "it has not come to its end"
        return said

    def _wait(self) -> int:
        self._said.close()
        return host().ask(wait=self._number)


def command(*arguments: object) -> str:
    """What the command says, wherever it says it."""
    with tempfile.TemporaryDirectory() as folder:
        return Commands(Path(folder))("campaign", *map(str, arguments), COLUMNS="300").words


async def go_on(path: Path | str, sandbox: Sandbox, **options: Any) -> list[Outcome]:
    """Run the campaign to its end in this process; all outcomes in the order in which they came."""
    async with (
        AsyncClient(api_key=KEY, url=sandbox.url, quota=MemoryQuota(), **WORLD) as client,
        Campaign.open(path, create=False) as campaign,
    ):
        return [outcome async for outcome in campaign.run(client, **options)]


async def counted(path: Path | str) -> dict[str, int]:
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


def all_is_known(path: Path | str, sandbox: Sandbox, *, crashes: int = 1) -> None:
    """Everyone was sent to once, or is said to be unknown, of whom there are no more than were in flight."""
    asyncio.run(go_on(path, sandbox))
    nobody_twice(sandbox)
    counts = asyncio.run(counted(path))
    unknown = counts.pop("unknown", 0)
    assert unknown <= BATCH * IN_FLIGHT * crashes
    assert counts == {"accepted": len(PEOPLE) - unknown}
