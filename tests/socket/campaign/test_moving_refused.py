"""What a move is refused for, and what each kind of ledger refuses while it lasts, and afterwards."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from contextlib import closing
from typing import Any

import psycopg
import pytest

from customersms_async import AsyncClient, Campaign, LedgerError
from customersms_async.campaign._sqlite.move_schema import MOVED
from customersms_async.campaign.ledger_opening import open_ledger
from customersms_async.campaign.move_states import FOLLOWS, MoveState
from customersms_async.campaign.rows import Intent
from support.moved_campaign import PEOPLE, half_sent, phone
from support.moves import BACK, Places, is_runnable, move, moves_of
from support.wanted_runs import run_is_wanted

BEFORE: dict[MoveState | None, list[MoveState]] = {
    None: [],
    MoveState.LEAVING: [MoveState.LEAVING],
    MoveState.LEFT: [MoveState.LEAVING, MoveState.LEFT],
    MoveState.STAYED: [MoveState.LEAVING, MoveState.STAYED],
    MoveState.ARRIVING: [MoveState.LEAVING, MoveState.ARRIVING],
    MoveState.ARRIVED: [MoveState.LEAVING, MoveState.ARRIVING, MoveState.ARRIVED],
}
"""What leads to each state, all of one move."""


@pytest.mark.parametrize("begin", ["file", "database"])
async def test_what_is_left_behind_refuses_every_change_in_words_that_say_where_it_went(
    places: Places, small_client: AsyncClient, begin: str
) -> None:
    source, target = (places.file, places.database) if begin == "file" else (places.database, places.file)
    await half_sent(source, small_client)
    await move(source, target)
    name = (await moves_of(source))[-1].place
    async with Campaign.open(source) as campaign:
        ledger = campaign.ledger
        planned = (await ledger.planned(0))[0].id
        for change in (
            lambda: ledger.become_runner(),
            lambda: ledger.begin(Intent([planned], None, 30.0)),
            lambda: ledger.suppress([phone(1)], "a list"),
            lambda: ledger.skip([]),
            lambda: campaign.pause(by="Ann"),
            lambda: campaign.resolve("unknown", as_="planned", by="Ann"),
            lambda: campaign.add([phone(n) for n in range(PEOPLE)], "Hello"),
        ):
            with pytest.raises(Exception, match=r"has moved to|other recipients|another message") as raised:
                await change()
            assert not isinstance(raised.value, LedgerError) or name in str(raised.value)
        with pytest.raises(LedgerError, match=r"it has moved to .*: go on there"):
            async for _ in campaign.run(small_client):
                pass
    with pytest.raises(LedgerError, match="it has moved to"):
        await move(source, places.other)


@pytest.mark.parametrize("begin", ["file", "database"])
async def test_nobody_moves_what_is_being_run(places: Places, small_client: AsyncClient, begin: str) -> None:
    source, target = (places.file, places.database) if begin == "file" else (places.database, places.file)
    await half_sent(source, small_client)
    async with Campaign.open(source) as campaign:
        await campaign.ledger.become_runner()
        with pytest.raises(LedgerError, match="a campaign is running on it"):
            await move(source, target)
    assert await moves_of(source) == []


async def test_who_is_being_sent_to_by_a_host_that_may_live_keeps_it_there_until_its_time_is_over(
    places: Places, small_client: AsyncClient
) -> None:
    await half_sent(places.database, small_client)
    ledger = await open_ledger(places.database, create=False)
    await ledger.become_runner()
    await run_is_wanted(ledger)
    await ledger.begin(Intent([40, 41], None, 30.0))
    await ledger.close()
    with pytest.raises(LedgerError, match=r"2 recipients are being sent to .* can be moved from 20\d\d-"):
        await move(places.database, places.file)
    assert await moves_of(places.database) == []
    over = "UPDATE customersms.campaign_flying SET deadline_us = deadline_us - 60000000"
    places.server.sql(over, database="app")
    assert await move(places.database, places.file) == BACK, "its name was reserved before"
    async with Campaign.open(places.file) as campaign:
        page = await campaign.ledger.entries(40, ["unknown"])  # type: ignore[list-item]  # the states are text
        assert [(each.index, each.code) for each in page] == [(40, "INTERRUPTED"), (41, "INTERRUPTED")]
        with pytest.raises(LedgerError, match="can be planned again from"):
            await campaign.resolve([phone(40)], as_="planned", by="Ann")


async def test_a_place_that_holds_something_else_is_left_alone(places: Places, small_client: AsyncClient) -> None:
    await half_sent(places.file, small_client)
    async with Campaign.open(places.database) as campaign:
        await campaign.add([phone(1)], "Hello")
    with pytest.raises(LedgerError, match="holds another campaign"):
        await move(places.file, places.database)
    with pytest.raises(LedgerError, match="holds another campaign"):
        await move(places.database, places.file)
    with pytest.raises(LedgerError, match=r"the same campaign is in .* already"):
        await move(places.file, places.file)
    assert await is_runnable(places.file)
    assert await is_runnable(places.database)
    async with Campaign.open(places.other):
        pass
    with pytest.raises(LedgerError, match="nobody was added"):
        await move(places.other, places.summer)
    with pytest.raises(LedgerError, match="no campaign of that name"):
        await move(places.summer, places.other)


async def test_a_database_that_may_lack_intents_is_not_moved_before_it_is_trusted(
    places: Places, small_client: AsyncClient
) -> None:
    await half_sent(places.database, small_client)
    places.server.sql("UPDATE customersms.places SET timeline = '00000000'", database="app")
    with pytest.raises(LedgerError, match="can't be moved until customersms ledger trust"):
        await move(places.database, places.file)
    places.server.sql("SELECT customersms.trust()", database="app")
    assert await move(places.database, places.file) == BACK, "its name was reserved before"


async def test_nobody_says_of_a_move_what_does_not_follow(places: Places, small_client: AsyncClient) -> None:
    """Neither through a ledger nor past it."""
    await half_sent(places.file, small_client)
    await move(places.file, places.database)
    for place in (places.file, places.database):
        ledger = await open_ledger(place, create=False)
        await ledger.become_mover()
        last = (await ledger.moves())[-1]
        for state in MoveState:
            if state not in FOLLOWS[last.state]:
                other = last._replace(state=state, move="other")
                with pytest.raises(LedgerError, match="somebody else is moving it"):
                    await ledger.say_of_move(other)
        await ledger.close()


async def test_a_place_where_nothing_can_be_made_is_refused_before_the_campaign_leaves(
    places: Places, small_client: AsyncClient
) -> None:
    await half_sent(places.file, small_client)
    with pytest.raises(LedgerError, match="its folder is not there"):
        await move(places.file, f"{places.file}.folder/ledger")
    with pytest.raises(LedgerError, match="its database can't be used"):
        await move(places.file, places.database.replace(f":{places.server.port}/", ":1/"))
    assert await is_runnable(places.file)


def test_a_file_and_a_database_hold_the_table_of_what_follows(places: Places) -> None:
    async def query() -> None:
        async with Campaign.open(places.database):
            pass

    asyncio.run(query())  # which makes the schema
    with (
        closing(sqlite3.connect(":memory:", isolation_level=None)) as file,
        psycopg.connect(places.server.url(), autocommit=True) as database,
    ):
        for statement in MOVED:
            file.execute(statement)
        for was, state, same in itertools.product(BEFORE, MoveState, (True, False)):
            rows = [*((each, "1") for each in BEFORE[was]), (state, "1" if same else "2")]
            right = state in FOLLOWS[was] and (was is None or same is (state is not MoveState.LEAVING))
            assert taken(file, "INSERT INTO moves VALUES (?, 0, ?, ?, '', '', '', '')", rows) is right, (
                was,
                state,
                same,
            )
            assert taken(database, INTO_DATABASE, rows) is right, (was, state, same)


INTO_DATABASE = (
    "INSERT INTO customersms.campaign_moves (number, move, state, campaign, at_us, place, decided_by)"
    " VALUES (%s, %s, %s, 1, 0, '', '')"
)


def taken(connection: Any, statement: str, rows: list[tuple[MoveState, str]]) -> bool:
    """Whether all of these rows are taken, one after the other; none stays."""
    connection.execute("BEGIN")
    try:
        for number, (state, name) in enumerate(rows, 1):
            connection.execute(statement, (number, name, state.value))
    except (sqlite3.IntegrityError, psycopg.Error):
        return False
    finally:
        connection.execute("ROLLBACK")
    return True
