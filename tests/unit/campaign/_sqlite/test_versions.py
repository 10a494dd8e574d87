"""Ledgers of other versions: an older one may be looked at as it is, its first change brings it up to date."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign, Code, LedgerError, Outcome, Status
from customersms_async.campaign._sqlite.first_tables import VERSION_1
from customersms_async.campaign._sqlite.ledger import SQLiteLedger
from customersms_async.campaign._sqlite.schema import SCHEMA, TRIGGERS, VERSION
from customersms_async.campaign.rows import Intent
from support.filled_ledger import PEOPLE, counted, filled
from support.old_ledgers import MOVES_OF_VERSION_2, make_version_2, make_version_3, schema_of
from support.wanted_runs import run_is_wanted

if TYPE_CHECKING:
    from pathlib import Path


MAKE = {2: make_version_2, 3: make_version_3}


@pytest.fixture(params=MAKE)
def version(request: pytest.FixtureRequest) -> int:
    """The version that the ledger has."""
    number: int = request.param
    return number


@pytest.fixture
def old(path: Path, version: int) -> Path:
    """A ledger of an older version, with 2,500 people."""
    asyncio.run(filled(path))
    MAKE[version](path)
    return path


async def test_a_ledger_of_an_older_version_may_be_looked_at_and_stays_as_it_is(old: Path) -> None:
    before = await asyncio.to_thread(old.read_bytes)
    async with Campaign.open(old, create=False) as campaign:
        (first,) = await campaign.ledger.additions()
        assert (first.source, first.by, first.recipients, first.first) == ("", "", 2_500, 0)
        given = await campaign.ledger.added()
        assert given is not None
        assert (given.recipients, given.hash, given.added_us) == (2_500, first.hash, first.added_us)
        assert (await campaign.counts())["planned"] == 2_500  # type: ignore[index]  # the states are text
        assert [o.index async for o in campaign.outcomes(Status.UNSENT)] == list(range(2_500))
        assert await campaign.ledger.requests(100) == 25
    assert await asyncio.to_thread(old.read_bytes) == before


async def test_its_first_change_brings_it_up_to_date(old: Path) -> None:
    async with Campaign.open(old, create=False) as campaign:
        for _ in range(2):
            await campaign.ledger.skip([Outcome(0, PEOPLE[0], Status.UNSENT, None, "full", Code.CAPPED)])
            assert await counted(old) == {"planned": 2_499, "skipped": 1}
            assert await campaign.resolve("capped", as_="planned", by="Ann") == 1
    await filled(old.with_name("new"))
    assert schema_of(old) == schema_of(old.with_name("new"))
    assert schema_of(old)[0] == VERSION


async def test_its_input_becomes_the_first_addition_and_whoever_added_it_is_told_if_that_is_known(
    old: Path, version: int
) -> None:
    async with Campaign.open(old, create=False) as campaign:
        given = await campaign.ledger.added()
        assert given is not None
        before = await campaign.wanted()
        await campaign.ledger.suppress([], "nobody")
        (first,) = await campaign.ledger.additions()
        assert first == ("", given.hash, given.added_us, first.by, 2_500, 0)
        assert before is None or before.by == first.by
        assert (first.by != "") is (version == 3)


async def test_a_change_that_is_refused_leaves_it_at_its_version(old: Path, version: int) -> None:
    ledger = await SQLiteLedger.open(old, create=False)
    with pytest.raises(LedgerError, match="not planned any more"):
        await ledger.begin(Intent([0, 9_999], None))
    await ledger.close()
    assert schema_of(old)[0] == version
    assert await counted(old) == {"planned": 2_500}


async def test_one_that_lost_its_wal_is_refused_and_not_brought_up_to_date(path: Path) -> None:
    """Only version 1 could not say that something is missing."""
    await filled(path)
    ledger = await SQLiteLedger.open(path, create=False)
    await run_is_wanted(ledger)
    await ledger.begin(Intent(range(100), None))
    copy = path.with_name("copy")
    await asyncio.to_thread(shutil.copy, path, copy)  # without its -wal, as it is in the middle of a run
    await ledger.close()
    make_version_2(copy)
    with pytest.raises(LedgerError, match="bring copy-wal beside it"):
        await counted(copy)
    assert schema_of(copy)[0] == 2


async def test_two_that_have_it_open_bring_it_up_to_date_once(old: Path) -> None:
    first, second = [await SQLiteLedger.open(old, create=False) for _ in range(2)]
    await run_is_wanted(first)
    await run_is_wanted(second)
    await first.begin(Intent([0], None))
    await second.begin(Intent([1], None))
    await asyncio.gather(first.close(), second.close())
    assert schema_of(old)[0] == VERSION


@pytest.mark.parametrize("script", ["first", "today"])
def test_today_s_trigger_stands_in_for_the_older_one(script: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(VERSION_1 if script == "first" else SCHEMA)
        (trigger,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'moves_of_the_table'").fetchone()
    assert (" ".join(trigger.split()) == " ".join(MOVES_OF_VERSION_2.split())) is (script == "first")


def alter(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


MORE = "CREATE TRIGGER more AFTER UPDATE ON recipients BEGIN SELECT 1; END"


async def test_a_newer_ledger_is_refused_as_newer_whatever_triggers_it_has(path: Path) -> None:
    """Who is told to drop a trigger that a newer version has made would do harm."""
    await filled(path)
    alter(path, MORE, f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(LedgerError, match=rf"by a newer version of customersms_async \(schema {VERSION + 1}, not 4\)"):
        await counted(path)
    alter(path, f"PRAGMA user_version = {VERSION}")
    with pytest.raises(LedgerError, match=r"that no campaign makes \(more\): drop it"):
        await counted(path)


@pytest.mark.parametrize("trigger", sorted(TRIGGERS))
async def test_a_trigger_that_an_older_program_has_people_drop_is_made_again(path: Path, trigger: str) -> None:
    await filled(path)
    whole = schema_of(path)
    alter(path, f"DROP TRIGGER {trigger}")
    ledger = await SQLiteLedger.open(path, create=False)
    await run_is_wanted(ledger)
    await ledger.close()
    assert schema_of(path) == whole


async def test_a_trigger_that_comes_between_opening_and_the_first_change_is_refused(old: Path) -> None:
    ledger = await SQLiteLedger.open(old, create=False)
    await asyncio.to_thread(alter, old, MORE)
    for _ in range(2):
        with pytest.raises(LedgerError, match="drop it"):
            await ledger.begin(Intent([0], None))
    await asyncio.to_thread(alter, old, "DROP TRIGGER more")
    await run_is_wanted(ledger)
    await ledger.begin(Intent([0], None))
    await ledger.close()
