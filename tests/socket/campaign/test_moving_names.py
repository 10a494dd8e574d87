"""The name of a place that a campaign moves to: at no moment does a program find it free, or may add to it."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Campaign, LedgerError
from customersms_async.campaign import move as moving_steps
from customersms_async.campaign._postgres import copying
from customersms_async.campaign._sqlite import packing
from customersms_async.campaign.move import DoneStep, move_campaign
from customersms_async.campaign.move_states import MoveStep, next_step
from support.moved_campaign import everything, phone
from support.moves import ALL, BACK, Places, is_runnable, move, moves_of

if TYPE_CHECKING:
    from typing import Any

    from customersms_async.sandbox import Sandbox

PEOPLE = [phone(number) for number in range(20)]
WAYS = [("file", "database"), ("database", "file"), ("database", "summer"), ("file", "other")]


async def program(place: str, client: AsyncClient) -> int:
    """The program of the docs, which begins a campaign or goes on with it; gives to how many it sent."""
    async with Campaign.open(place) as campaign:
        await campaign.add(PEOPLE, "Doors open at eight")
        return len([outcome async for outcome in campaign.run(client)])


async def moved_while_programs_start(source: str, target: str, client: AsyncClient, *, steps: int) -> list[MoveStep]:
    """Move it until so many steps are made, and start the program at the target after each."""
    made: list[DoneStep] = []

    def told(step: DoneStep) -> None:
        made.append(step)
        if step.step is not MoveStep.ARRIVE:
            raise KeyboardInterrupt

    for _ in range(steps):
        try:
            await move_campaign(source, target, by="Ann", told=told)
        except KeyboardInterrupt:
            with pytest.raises(LedgerError, match=r"being moved here from|it has moved to|it is moving to"):
                await program(target, client)
    return [step.step for step in made]


@pytest.mark.parametrize(("begin", "end"), WAYS)
async def test_a_program_that_starts_at_the_target_after_any_step_is_refused_and_nobody_gets_it_twice(
    places: Places, small_client: AsyncClient, sandbox: Sandbox, begin: str, end: str
) -> None:
    source, target = getattr(places, begin), getattr(places, end)
    assert await program(source, small_client) == 20
    assert await moved_while_programs_start(source, target, small_client, steps=5) == ALL
    assert await moved_while_programs_start(target, source, small_client, steps=4) == BACK
    assert await program(source, small_client) == 0
    assert len(sandbox.texts) == 20
    assert sandbox.duplicates() == ()


@pytest.mark.parametrize(("begin", "end"), WAYS)
async def test_programs_that_start_again_and_again_while_it_moves_never_get_in(
    places: Places, small_client: AsyncClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, begin: str, end: str
) -> None:
    """Also within the step that brings it: just before it takes the name, when all of it is on its way."""
    source, target = getattr(places, begin), getattr(places, end)
    assert await program(source, small_client) == 20
    loop, tried = asyncio.get_running_loop(), []

    def start() -> None:
        future = asyncio.run_coroutine_threadsafe(program(target, small_client), loop)
        with pytest.raises(LedgerError, match=r"being moved here from|it has moved to"):
            future.result(30)
        tried.append(target)

    for module, name in ((packing, "say_it_arrives"), (copying, "_fill")):
        original = getattr(module, name)

        def before(*given: Any, original: Any = original) -> Any:
            if len(given) == 3:  # else a name is reserved
                start()
            return original(*given)

        monkeypatch.setattr(module, name, before)
    assert await move(source, target) == ALL
    assert len(tried) == 1
    source, target = target, source
    assert await move(source, target) == BACK
    assert len(tried) == 2
    assert len(sandbox.texts) == 20


@pytest.mark.parametrize("end", ["file", "database"])
async def test_a_program_that_takes_the_name_first_has_it_and_the_campaign_stays(
    places: Places, small_client: AsyncClient, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    target = getattr(places, end)
    await program(places.other, small_client)
    original = next_step

    def too_late(*given: Any, **more: Any) -> MoveStep | None:
        step = original(*given, **more)
        if step is MoveStep.RESERVE:
            make(target)
        return step

    monkeypatch.setattr(moving_steps, "next_step", too_late)
    with pytest.raises(LedgerError, match="another program has just made a campaign"):
        await move(places.other, target)
    assert await moves_of(places.other) == []
    assert await is_runnable(places.other)
    assert await is_runnable(target)


def make(place: str) -> None:
    """Make a campaign there, in a loop of its own."""

    async def work() -> None:
        async with Campaign.open(place) as campaign:
            await campaign.add([phone(1)], "Hi")

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    thread.join()


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("killed", [True, False])
async def test_what_was_left_there_keeps_all_it_says_under_another_name(
    places: Places, small_client: AsyncClient, monkeypatch: pytest.MonkeyPatch, *, links: bool, killed: bool
) -> None:
    """Also where a file can't have two names, and where the move is killed when it has both."""
    await program(places.file, small_client)
    await move(places.file, places.other)
    left = await everything(places.file)
    if not links:

        def refuse(*_: object) -> None:
            raise PermissionError

        monkeypatch.setattr(os, "link", refuse)
    if killed:
        with monkeypatch.context() as patch:

            def kill(*_: object) -> None:
                raise KeyboardInterrupt

            patch.setattr(os, "replace", kill)
            with pytest.raises(KeyboardInterrupt):
                await move(places.other, places.file)
        with pytest.raises(LedgerError, match="it has moved to"):
            await program(places.file, small_client)
        assert await move(places.other, places.file) == BACK[1:]
    else:
        assert await move(places.other, places.file) == BACK
    aside = sorted(Path(places.file).parent.glob("spring.ledger.moved-*"))
    assert len(aside) == (1 if links or not killed else len(aside))
    for path in aside:
        assert path.stat().st_nlink == 1
        assert await everything(str(path)) == left
        with pytest.raises(LedgerError, match="it has moved to"):
            await program(str(path), small_client)
    assert list(Path(places.file).parent.glob("*.new-*")) == []
    assert await is_runnable(places.file)


@pytest.mark.parametrize("end", ["file", "database"])
async def test_a_reserved_name_is_freed_by_undo(places: Places, small_client: AsyncClient, end: str) -> None:
    target = getattr(places, end)
    await program(places.other, small_client)

    def told(step: DoneStep) -> None:
        assert step.step is MoveStep.RESERVE
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await move_campaign(places.other, target, by="Ann", told=told)
    assert await is_runnable(places.other), "it has not left"
    with pytest.raises(LedgerError, match="being moved here from"):
        await program(target, small_client)
    assert await move(places.other, target, undo=True) == [MoveStep.LEAVE, MoveStep.STAY, MoveStep.FREE]
    assert await move(places.other, target, undo=True) == []
    assert await is_runnable(places.other)
    assert await program(target, small_client) == 20, "anybody may have it now"
