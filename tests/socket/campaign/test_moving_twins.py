"""Two places of one name, as PG* variables or hosts make them: the campaign arrives at one, whatever is killed."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Campaign, LedgerError
from customersms_async._postgres import administration
from customersms_async.campaign._sqlite import move_rows
from customersms_async.campaign.move import DoneStep, move_campaign
from customersms_async.campaign.move_states import LedgerMove, MoveState, MoveStep
from support.moved_campaign import phone
from support.moves import ALL, BACK, Places, is_runnable, move, moves_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from customersms_async.sandbox import Sandbox

PEOPLE = [phone(number) for number in range(10)]
TWIN = "twin"


class Twins:
    """One address that leads to two databases, as ``PGDATABASE`` says."""

    def __init__(self, places: Places, patch: pytest.MonkeyPatch) -> None:
        self.file, self._patch = places.file, patch
        self.address = f"postgresql://app@127.0.0.1:{places.server.port}/?lease=5#spring"
        places.server.sql(f"CREATE DATABASE {TWIN} OWNER app")
        administration.migrate(places.server.url(database=TWIN))

    def lead_to(self, database: str) -> None:
        self._patch.setenv("PGDATABASE", database)


@pytest.fixture
def twins(places: Places, monkeypatch: pytest.MonkeyPatch) -> Iterator[Twins]:
    made = Twins(places, monkeypatch)
    made.lead_to("app")
    yield made
    places.server.sql(f"DROP DATABASE {TWIN} WITH (FORCE)")


async def filled(place: str) -> None:
    async with Campaign.open(place) as campaign:
        await campaign.add(PEOPLE, "Doors open at eight")


async def killed_after(step: MoveStep, source: str, target: str) -> None:
    def told(done: DoneStep) -> None:
        if done.step is step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await move_campaign(source, target, by="Ann", told=told)


@pytest.mark.parametrize("step", [MoveStep.LEAVE, MoveStep.BRING, MoveStep.PART, MoveStep.ARRIVE])
async def test_a_move_to_a_database_is_finished_in_that_database_alone(
    twins: Twins, small_client: AsyncClient, sandbox: Sandbox, step: MoveStep
) -> None:
    await filled(twins.file)
    await killed_after(step, twins.file, twins.address)
    twins.lead_to(TWIN)
    for undo in (False, True):
        with pytest.raises(LedgerError, match="in another database of that name"):
            await move(twins.file, twins.address, undo=undo)
    twins.lead_to("app")
    assert await move(twins.file, twins.address) == ALL[ALL.index(step) + 1 :]
    async with Campaign.open(twins.address) as campaign:
        assert len([outcome async for outcome in campaign.run(small_client)]) == 10
    twins.lead_to(TWIN)
    with pytest.raises(LedgerError, match="no campaign of that name"):
        await moves_of(twins.address)
    assert len(sandbox.texts) == 10


async def test_what_was_only_reserved_in_one_database_can_be_moved_to_another(twins: Twins) -> None:
    """The campaign has not left yet, so nothing was said of where it goes."""
    await filled(twins.file)
    await killed_after(MoveStep.RESERVE, twins.file, twins.address)
    twins.lead_to(TWIN)
    assert await move(twins.file, twins.address) == ALL
    assert await is_runnable(twins.address)
    twins.lead_to("app")
    with pytest.raises(LedgerError, match="in another database of that name"):
        await move(twins.file, twins.address)
    assert not await is_runnable(twins.address)


async def test_a_dump_of_what_is_still_arriving_does_not_arrive(twins: Twins, places: Places) -> None:
    """It has all that the copy has which was brought, but for the database that it is in."""
    await filled(twins.file)
    await killed_after(MoveStep.PART, twins.file, twins.address)
    row = (await moves_of(twins.file))[-1]
    places.server.sql(f"DROP DATABASE {TWIN} WITH (FORCE)", f"CREATE DATABASE {TWIN} OWNER app TEMPLATE app")
    twins.lead_to(TWIN)
    async with Campaign.open(twins.address, create=False) as campaign:
        with pytest.raises(LedgerError, match="of which this one is a copy"):
            await campaign.ledger.say_of_move(row._replace(state=MoveState.ARRIVED))
    with pytest.raises(LedgerError, match="in another database of that name"):
        await move(twins.file, twins.address)
    assert not await is_runnable(twins.address)
    twins.lead_to("app")
    assert await move(twins.file, twins.address) == [MoveStep.ARRIVE]


async def test_what_was_brought_to_two_files_of_one_name_arrives_at_the_one_that_was_left_for(places: Places) -> None:
    """As on two hosts whose folders have the same path: what the one has is put away here while the other has it."""
    await filled(places.database)
    file, elsewhere = Path(places.file), Path(places.file).with_name("on this host")
    await killed_after(MoveStep.BRING, places.database, places.file)
    await asyncio.to_thread(file.rename, elsewhere)
    assert await move(places.database, places.file) == [
        MoveStep.RESERVE,
        MoveStep.BRING,
        MoveStep.PART,
        MoveStep.ARRIVE,
    ]
    assert await is_runnable(places.file)
    await asyncio.to_thread(file.rename, file.with_name("run on the other host"))
    await asyncio.to_thread(elsewhere.rename, file)
    with pytest.raises(LedgerError, match="it has moved to"):
        await move(places.database, places.file)
    assert not await is_runnable(places.file)


async def test_a_ledger_that_was_moved_before_copies_had_ids_is_read_and_moved_on(places: Places) -> None:
    await filled(places.file)
    rows = [("1", MoveState.LEAVING), ("1", MoveState.ARRIVING), ("1", MoveState.ARRIVED)]
    with closing(sqlite3.connect(places.file, isolation_level=None)) as file:
        for move_id, state in rows:
            move_rows.append(file, LedgerMove(move_id, state, "there", 7, "Ann"))
        for column in ("database", "copy"):
            file.execute(f"ALTER TABLE moves DROP COLUMN {column}")
    assert await moves_of(places.file) == [LedgerMove(move_id, state, "there", 7, "Ann") for move_id, state in rows]
    assert await move(places.file, places.database) == ALL
    assert await move(places.database, places.file) == BACK
    assert await is_runnable(places.file)
    (first, *_, last) = await moves_of(places.file)
    assert first.copy == ""
    assert last.copy != ""
