"""A list of people who said no, with whole processes: what was acknowledged outlives whoever added it."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from typing import TYPE_CHECKING

from customersms_async import SQLiteSuppression

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import asyncio, sys
from customersms_async import SQLiteSuppression

async def main(path, first):
    async with SQLiteSuppression(path, lock_timeout=60.0) as store:
        for number in range(first, first + 100_000):
            phone = f"+1212{number:07d}"
            await store.add(phone, by=str(first))
            print(phone, flush=True)
            if number % 3 == 0:
                await store.remove(phone)
                print("-" + phone, flush=True)

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""
ROUNDS, PROCESSES = 4, 2


def test_nothing_that_was_acknowledged_is_lost_when_processes_are_killed(tmp_path: Path) -> None:
    path, draw = tmp_path / "suppressed.db", random.Random(5)
    for turn in range(ROUNDS):
        firsts = [2_000_000 + 200_000 * (turn * PROCESSES + each) for each in range(PROCESSES)]
        said = _killed(path, firsts, [draw.randrange(1, 40) for _ in firsts])
        added = {word for word in said if word.startswith("+")}
        removed = {word[1:] for word in said if word.startswith("-")}
        asyncio.run(_check(path, added, removed, {str(first) for first in firsts}))


def _killed(path: Path, firsts: list[int], lines: list[int]) -> list[str]:
    """All that these processes said, each of which is killed after so many lines."""
    commands = [[sys.executable, "-c", PROGRAM, str(path), str(first)] for first in firsts]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]  # noqa: S603 - ours
    said: list[str] = []
    for process, count in zip(running, lines, strict=True):
        assert process.stdout is not None
        said += [process.stdout.readline().strip() for _ in range(count)]
        process.kill()
        said += process.stdout.read().split()
        process.wait()
        process.stdout.close()
    assert all(said)
    return said


async def _check(path: Path, added: set[str], removed: set[str], by: set[str]) -> None:
    async with SQLiteSuppression(path) as store:
        now = await store.suppressed(sorted(added))
        unsure = {phone for phone in added - removed if int(phone[5:]) % 3 == 0}
        assert now >= added - removed - unsure
        assert not now & removed
        entries = await store.entries()
        assert added <= {entry.phone for entry in entries}
        mine = [entry for entry in entries if entry.by in by]
        assert len(mine) <= len(added) + PROCESSES, "of each process one more may have been on its way"
