"""A disk that fills up in the middle of a run: a real one, of eight megabytes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import AsyncClient, Campaign, LedgerError, Limit, MemoryQuota, Outcome
from customersms_async.campaign.states import State
from customersms_async.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "cspro_made_up"
PEOPLE = [f"+1212{number:07}" for number in range(2_000)]
WORLD: dict[str, Any] = {"batch_size": 10, "max_concurrency": 4, "pace": None, "limits": Limit(10**6, 1)}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk; needs root, as in a container."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False, capture_output=True).returncode:  # noqa: S603
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607


def fill(disk: Path) -> None:
    descriptor = os.open(disk / f"fill-{len(list(disk.iterdir()))}", os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while True:
            os.write(descriptor, bytes(4096))
    os.close(descriptor)


def clear(disk: Path) -> None:
    for file in disk.glob("fill-*"):
        file.unlink()


def command(*arguments: object) -> tuple[int, str]:
    code = "from customersms_async.cli import main; main()"
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", code, "campaign", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"COLUMNS": "300"},
    )
    return ended.returncode, " ".join((ended.stdout + ended.stderr).split())


async def test_nothing_is_told_that_is_not_stored_and_it_is_said_how_many_are_unknown(disk: Path) -> None:
    sandbox = Sandbox(keys={KEY: 10**6}, limits=(Limit(10**6, 1),), latency=(0.0, 0.01))
    path, told = disk / "spring.ledger", list[Outcome]()
    async with sandbox.serve() as url, AsyncClient(api_key=KEY, url=url, quota=MemoryQuota(), **WORLD) as client:
        async with Campaign.open(path) as campaign:
            await campaign.add(PEOPLE, "Hello")
            with pytest.raises(LedgerError, match="the disk is full") as raised:
                async for outcome in campaign.run(client):
                    told.append(outcome)
                    if len(told) == 100:
                        fill(disk)
            lost = len(sandbox.texts) - len(told)
            assert 0 < lost <= 40
            assert f"what became of {lost} recipients could not be recorded" in str(raised.value)
            status, said = await asyncio.to_thread(command, "status", "--json", "--ledger", path)
            assert (status, f'"accepted":{len(told)},' in said, f'"sending":{lost},' in said) == (0, True, True), said
        clear(disk)
        async with Campaign.open(path) as campaign:
            counts = {state.value: count for state, count in (await campaign.counts()).items() if count}
            assert counts == {"planned": len(PEOPLE) - len(told) - lost, "accepted": len(told), "unknown": lost}
            async for outcome in campaign.run(client):
                told.append(outcome)
    assert len(told) == len({outcome.index for outcome in told}) == len(PEOPLE) - lost
    assert (len(sandbox.texts), sandbox.duplicates()) == (len(PEOPLE), ())


async def test_what_could_be_stored_after_all_is_told(disk: Path) -> None:
    """Somebody makes room while another request is on its way."""
    faults = {1: (Fault.SLOW, 0.3), 2: (Fault.SLOW, 2.0)}
    sandbox = Sandbox(keys={KEY: 10**6}, limits=(Limit(10**6, 1),), faults=faults)
    path = disk / "spring.ledger"
    async with (
        sandbox.serve() as url,
        AsyncClient(api_key=KEY, url=url, quota=MemoryQuota(), **WORLD | {"max_concurrency": 3}) as client,
        Campaign.open(path) as campaign,
    ):
        await campaign.add(PEOPLE[:20], "Hello")

        async def run() -> list[Outcome]:
            told = []
            with pytest.raises(LedgerError, match="the disk is full"):
                async for outcome in campaign.run(client):
                    told.append(outcome)
            return told

        running = asyncio.create_task(run())
        while sandbox.requests < 2:  # noqa: ASYNC110 - the sandbox sets no event
            await asyncio.sleep(0.01)
        fill(disk)
        while not any(runner.stopped for runner in campaign._runs._runners.values()):  # noqa: ASYNC110 - nor does a run
            await asyncio.sleep(0.01)
        clear(disk)
        assert len(await running) == 20
        assert (await campaign.counts())[State.ACCEPTED] == 20


@pytest.mark.parametrize("left", ["closed in order", "killed"])
def test_a_ledger_on_a_full_disk_can_be_looked_at(disk: Path, left: str) -> None:
    path = disk / "spring.ledger"
    script = """
import asyncio, os, signal, sys
from customersms_async import Campaign
async def main():
    async with Campaign.open(sys.argv[1]) as campaign:
        await campaign.add([f"+1212{number:07}" for number in range(500)], "Hello")
        if sys.argv[2] == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", script, str(path), left], check=False)  # noqa: S603 - our own script
    fill(disk)
    fill(disk)
    for looking in (("status",), ("export", "--format", "csv")):
        status, said = command(*looking, "--ledger", path)
        assert (status, "planned" in said) == (0, True), said
    clear(disk)
    status, said = command("status", "--json", "--ledger", path)
    assert (status, '"planned":500,' in said) == (0, True), said
    assert not path.with_name("spring.ledger-wal").exists(), "it is closed in order now"
