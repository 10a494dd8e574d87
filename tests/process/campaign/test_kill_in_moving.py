"""The real program, killed (SIGKILL) at every step in which it moves a campaign to a database or back.

At no moment can both ledgers be run; whoever gives the command again ends that neither can, or undoes it while the
target lacks the campaign.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Campaign, LedgerError, MemoryQuota
from customersms_async.campaign.moving import HERE
from customersms_async.campaign.opened import open_ledger
from customersms_async.campaign.refusals import MissingLedgerError
from support.killing import KEY, KILLED, chosen_steps
from support.moved_campaign import everything, half_sent

if TYPE_CHECKING:
    from typing import Any

    from support.killing import Killing
    from support.postgres_servers import PostgresServerProcess

PARTS = 3


class Moving:
    """A half-sent campaign, where it is by now, and the two places that it moves between."""

    def __init__(self, killing: Killing, server: PostgresServerProcess) -> None:
        self.killing, self.server = killing, server
        self.source, self.target = str(killing.ledger), f"{server.url()}?lease=2#spring"
        asyncio.run(self._begin())
        self.all = asyncio.run(everything(self.source))

    async def _begin(self) -> None:
        async with AsyncClient(
            api_key=KEY, url=self.killing.sandbox.url, quota=MemoryQuota(), pace=None, batch_size=5
        ) as client:
            await half_sent(self.source, client)

    def command(self, *more: str, **order: Any) -> int:
        return self.killing.command("move", self.source, self.target, *more, **order)

    def free(self) -> None:
        """Let the lease of a process that was killed be over, as it is after some seconds."""
        self.server.sql("UPDATE customersms.campaign_hosts SET until_us = 0", database="app")

    def turn(self) -> None:
        self.source, self.target = self.target, self.source

    def runnable(self) -> list[str]:
        """Which of both can be run."""
        return [place for place in (self.source, self.target) if asyncio.run(_can_run(place))]


async def _can_run(place: str) -> bool:
    try:
        ledger = await open_ledger(place, create=False)
    except MissingLedgerError:
        return False
    try:
        moves = await ledger.moves()
        try:
            await ledger.become_runner()
        except LedgerError:
            assert moves[-1].state not in HERE
            return False
        assert not moves or moves[-1].state in HERE
        return True
    finally:
        await ledger.close()


def steps_of(moving: Moving) -> dict[str, list[str]]:
    """The steps of a move by where it goes from, which is made once in each direction, with something to put aside."""
    found = {}
    for visit in range(4):
        assert moving.command(**({"log": "steps.txt"} if visit > 1 else {})) == 0
        if visit > 1:
            found[moving.source] = chosen_steps(moving.killing, "moving")
        moving.turn()
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_step_of_a_move(killing: Killing, shared_postgres: PostgresServerProcess, part: int) -> None:
    moving = Moving(killing, shared_postgres)
    every = steps_of(moving)
    assert all(len(steps) > 40 for steps in every.values()), every
    missed, undone = [], 0
    for number in range(part, max(map(len, every.values())), PARTS):
        for _ in range(2):
            steps = every[moving.source]
            step = steps[number % len(steps)]
            if moving.command(step=step) != KILLED:
                missed.append(step)
            moving.free()
            can_run = moving.runnable()
            assert len(can_run) <= 1, step
            if number % 4 < 2 and moving.target not in can_run and moving.command("--undo") == 0:
                assert moving.runnable() == [moving.source], step
                undone += 1
            assert moving.command() == 0, step
            assert moving.runnable() == [moving.target], step
            assert asyncio.run(everything(moving.target)) == moving.all, step
            moving.turn()
    assert len(missed) <= 0.05 * sum(map(len, every.values())), missed
    assert undone > 5
    assert [path.name for path in killing.folder.glob("*.new-*")] == [], "nothing is left of what was cut off"
    asyncio.run(_finish(moving))
    assert killing.sandbox.duplicates() == ()


async def _finish(moving: Moving) -> None:
    async with (
        AsyncClient(api_key=KEY, url=moving.killing.sandbox.url, quota=MemoryQuota(), pace=None) as client,
        Campaign.open(moving.source, create=False) as campaign,
    ):
        async for _ in campaign.run(client):
            pass
        assert (await campaign.counts())["planned"] == 0  # type: ignore[index]  # the states are text
