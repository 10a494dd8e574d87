"""The real program, killed (SIGKILL) at every step in which it moves a campaign to a database or back.

At no moment can both ledgers be run, and while neither can, no program finds the target's name free; whoever gives the
command again ends that, or undoes it while the target lacks the campaign. Who is killed is a process each time; who
comes after is one each fourth time, and else what the command calls, which takes a third of the time.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Campaign, LedgerError, MemoryQuota
from customersms_async.campaign._postgres.database_place import read_place
from customersms_async.campaign._postgres.host import Host
from customersms_async.campaign.ledger_opening import open_ledger
from customersms_async.campaign.move import DoneStep, move_campaign
from customersms_async.campaign.move_states import HERE, MoveStep
from customersms_async.campaign.refusals import MissingLedgerError
from support.killing import KEY, KILLED, chosen_steps
from support.moved_campaign import everything, half_sent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from support.killing import Killing
    from support.postgres_servers import PostgresServerProcess

PARTS = 4


class Moving:
    """A half-sent campaign, where it is by now, and the two places that it moves between."""

    def __init__(self, killing: Killing, server: PostgresServerProcess) -> None:
        self.killing, self.server = killing, server
        self.source, self.target = str(killing.ledger), f"{server.url()}?lease=2#spring"
        place = read_place(self.target, None)
        self._host = Host.join(place, None, self)  # so that whatever is asked here is asked over one connection
        asyncio.run(self._begin())
        self.all = asyncio.run(everything(self.source))

    async def _begin(self) -> None:
        async with AsyncClient(
            api_key=KEY, url=self.killing.sandbox.url, quota=MemoryQuota(), pace=None, batch_size=5
        ) as client:
            await half_sent(self.source, client)

    def command(self, *more: str, **order: Any) -> int:
        return self.killing.command("move", self.source, self.target, *more, **order)

    def again(self, number: int, *, undo: bool = False) -> bool:
        """Whether the move is ended, or undone, by giving the command again; each fourth ``number`` in a process."""
        if number % 4 == 0:
            return self.command(*["--undo"] * undo) == 0
        try:
            asyncio.run(move_campaign(self.source, self.target, by="Ann", undo=undo, told=lambda _: None))
        except LedgerError:
            return False
        return True

    async def close(self) -> None:
        await self._host.leave(self)

    def free(self) -> None:
        """Let the lease of a process that was killed be over, as it is after some seconds."""
        self.server.sql("UPDATE customersms.campaign_hosts SET until_us = 0", database="app")

    def empty_the_target(self) -> None:
        """Remove what earlier moves have left there, so that the next one has to reserve the name."""
        if "//" in self.target:
            self.server.sql("DELETE FROM customersms.campaigns WHERE name = 'spring'", database="app")
        else:
            Path(self.target).unlink(missing_ok=True)

    def turn(self) -> None:
        self.source, self.target = self.target, self.source

    def runnable(self) -> list[str]:
        """Which of both can be run; if none can, there is something at the target that refuses it."""
        found = [asyncio.run(_can_run(place)) for place in (self.source, self.target)]
        assert found[0] or found[1] is not None, "a program would begin the campaign anew at the target"
        return [place for place, can in zip((self.source, self.target), found, strict=True) if can]


@pytest.fixture
def moving(killing: Killing, shared_postgres: PostgresServerProcess) -> Iterator[Moving]:
    moving = Moving(killing, shared_postgres)
    yield moving
    asyncio.run(moving.close())


async def _can_run(place: str) -> bool | None:
    """Whether it can be run; ``None`` if there is nothing of that name."""
    try:
        ledger = await open_ledger(place, create=False)
    except MissingLedgerError:
        return None
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


Steps = list[tuple[str, bool]]
"""Steps to be killed at, and whether they are of a move to a name where nothing was."""

ALIKE = (
    *("_fill", "pack", "say_it_arrives", "make_empty", "_begin", "_forget", "_one_transaction", "append"),
    *("_go_on", "say", "say_of_move"),
)
"""Functions whose lines change nothing that others see, but for what they call: of ``SOME`` of them one is enough."""

SOME = 15


def steps_of(moving: Moving) -> dict[str, Steps]:
    """The steps of a move by where it goes from, made both ways, to a free name and to that of an earlier move."""
    found: dict[str, Steps] = {}
    for visit in range(4):
        assert moving.command(log="steps.txt") == 0
        seen = {step for step, _ in found.get(moving.source, [])}
        steps = [step for step in fewer(chosen_steps(moving.killing, "moving")) if step not in seen]
        found.setdefault(moving.source, []).extend((step, visit < 2) for step in steps)
        moving.turn()
        if visit == 0:
            moving.empty_the_target()
    return found


def fewer(steps: list[str]) -> list[str]:
    """Each step once, and of those that are alike some."""
    once = list(dict.fromkeys(steps))
    alike = [step for step in once if step.split(":")[1] in ALIKE]
    return [step for step in once if step not in alike or alike.index(step) % SOME == 0]


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_step_of_a_move(killing: Killing, moving: Moving, part: int) -> None:
    every = steps_of(moving)
    assert all(len(steps) > 40 for steps in every.values()), every
    assert all({is_first for _, is_first in steps} == {True, False} for steps in every.values()), every
    missed, undone = [], 0
    for number in range(part, max(map(len, every.values())), PARTS):
        for _ in range(2):
            steps = every[moving.source]
            step, is_first = steps[number % len(steps)]
            if is_first:
                moving.empty_the_target()
            if moving.command(step=step) != KILLED:
                missed.append(step)
            moving.free()
            can_run = moving.runnable()
            assert len(can_run) <= 1, step
            turn = number // PARTS
            if turn % 2 and moving.target not in can_run and moving.again(turn // 2, undo=True):
                assert moving.runnable() == [moving.source], step
                undone += 1
            assert moving.again(turn), step
            assert moving.runnable() == [moving.target], step
            if turn % 4 == 0:
                assert asyncio.run(everything(moving.target)) == moving.all, step
            moving.turn()
    assert len(missed) <= 0.05 * sum(map(len, every.values())), missed
    assert undone > 2
    assert [path.name for path in killing.folder.glob("*.new-*")] == [], "nothing is left of what was cut off"
    assert asyncio.run(everything(moving.source)) == moving.all
    asyncio.run(_finish(moving))
    assert killing.sandbox.duplicates() == ()


@pytest.mark.parametrize("turned", [False, True])
def test_killed_at_every_step_of_undoing_it(killing: Killing, moving: Moving, *, turned: bool) -> None:
    if turned:
        assert moving.command() == 0
        moving.turn()
        moving.empty_the_target()
    begin(moving)
    assert moving.command("--undo", log="steps.txt") == 0
    steps = fewer(chosen_steps(killing, "moving"))
    assert {"_say", "free"} <= {step.split(":")[1] for step in steps}
    for number, step in enumerate(steps):
        begin(moving)
        assert moving.command("--undo", step=step) == KILLED, step
        moving.free()
        assert moving.target not in moving.runnable(), step
        assert moving.again(number, undo=True), step
        assert asyncio.run(_can_run(moving.source)), step
        assert asyncio.run(_can_run(moving.target)) is None, "its name is free again"
    assert asyncio.run(everything(moving.source)) == moving.all


def begin(moving: Moving) -> None:
    """Begin a move to a free name, and end once the campaign leaves."""

    def told(step: DoneStep) -> None:
        if step.step is MoveStep.LEAVE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(move_campaign(moving.source, moving.target, by="Ann", told=told))


async def _finish(moving: Moving) -> None:
    async with (
        AsyncClient(api_key=KEY, url=moving.killing.sandbox.url, quota=MemoryQuota(), pace=None) as client,
        Campaign.open(moving.source, create=False) as campaign,
    ):
        async for _ in campaign.run(client):
            pass
        assert (await campaign.counts())["planned"] == 0  # type: ignore[index]  # the states are text
