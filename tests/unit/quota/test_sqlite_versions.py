"""Files of a ``SQLiteQuota`` as earlier versions left them, and limits that are first used later."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from customersms_async._core.layers import Layer, Usage, Wait
from support.sqlite_host import HOLD_US, Clock, message, take, used

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from customersms_async.quota.sqlite import SQLiteQuota

VERSION_1 = """
PRAGMA journal_mode = WAL;
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1), boot TEXT NOT NULL, up_us INTEGER NOT NULL, wall_us INTEGER NOT NULL,
    now_us INTEGER NOT NULL
);
CREATE TABLE keys (
    key INTEGER PRIMARY KEY, key_id TEXT NOT NULL UNIQUE, paused_us INTEGER NOT NULL DEFAULT 0,
    longest_us INTEGER NOT NULL DEFAULT 0, last_id INTEGER NOT NULL DEFAULT 0, held INTEGER NOT NULL DEFAULT 0,
    first INTEGER NOT NULL DEFAULT 0, end INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE settled (
    key INTEGER NOT NULL, number INTEGER NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (key, number)
) WITHOUT ROWID;
CREATE TABLE held (
    key INTEGER NOT NULL, id INTEGER NOT NULL, lapse_us INTEGER NOT NULL, PRIMARY KEY (key, id)
) WITHOUT ROWID;
CREATE INDEX held_by_lapse ON held (key, lapse_us, id);
PRAGMA application_id = 1129532753;
PRAGMA user_version = 1;
INSERT INTO clock VALUES (1, 'first boot', 9000000000, 1000000000, 8000000000);
INSERT INTO keys VALUES (1, 'key', 0, 60000000, 502, 1, 500, 502);
INSERT INTO settled VALUES (1, 500, 7950000000), (1, 501, 7990000000);
INSERT INTO held VALUES (1, 502, 8010000000);
INSERT INTO keys VALUES (2, 'young', 0, 60000000, 1, 0, 0, 1);
INSERT INTO settled VALUES (2, 0, 7000000000);
"""
"""Two and a half hours old, at 8,000 s of its own time: one key has sent 502 requests, of which 500 were cut."""

MINUTE, HOUR = Layer(100, 60_000_000), Layer(100, 3_600_000_000)


@pytest.fixture
def old(path: Path, clock: Clock) -> Path:
    """A file as version 1 left it."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_1)
    clock.us = 9_000_000_000
    return path


async def test_a_file_of_version_1_is_full_for_the_windows_that_it_does_not_know(
    old: Path, make: Callable[..., SQLiteQuota], clock: Clock
) -> None:
    async with make() as store:
        assert (await store.usage("key", (MINUTE,)))[0] == (Usage(3, 10_000_000),)
        assert (await store.usage("key", (HOUR,)))[0] == (Usage(503, 3_540_000_000),)
        assert await store.take("key", (MINUTE, HOUR), HOLD_US) == Wait(3_540_000_000)
        assert await used(store, (HOUR,), "young") == 1, "nothing of it was ever cut"
    clock.us += 3_540_000_000
    clock.wall_us += 3_540_000_000
    again = make()
    await take(again, (MINUTE, HOUR))
    assert await used(again, (HOUR,)) == 4


@pytest.mark.parametrize(("up_us", "passed_us"), [(100, 100), (5_000, 1_000), (-9_000_000_000, 1_000)])
async def test_a_file_of_version_1_may_have_been_used_by_the_clock_of_a_container(
    old: Path, store: SQLiteQuota, clock: Clock, up_us: int, passed_us: int
) -> None:
    clock.us, clock.wall_us = clock.us + up_us, clock.wall_us + 1_000
    assert (await store.usage("key", (MINUTE,)))[0] == (Usage(3, 10_000_000 - passed_us),)


async def test_a_program_of_version_1_that_still_has_the_file_open_does_no_harm(
    old: Path, store: SQLiteQuota, clock: Clock
) -> None:
    assert await used(store, (MINUTE,)) == 3
    with closing(sqlite3.connect(old)) as db:  # it settles and cuts as it always did
        db.execute("UPDATE keys SET first = 501, end = 503, held = 0 WHERE key = 1")
        db.execute("DELETE FROM settled WHERE number = 500")
        db.execute("INSERT INTO settled VALUES (1, 502, 8000000000)")
        db.execute("DELETE FROM held")
        db.commit()
    clock.us += 30_000_000
    clock.wall_us += 30_000_000
    assert await used(store, (MINUTE,)) == 2
    (usage,), _ = await store.usage("key", (HOUR,))
    assert usage == Usage(503, 3_510_000_000)
    clock.us += 3_560_000_000
    clock.wall_us += 3_560_000_000
    assert await used(store, (HOUR,)) == 1


async def test_a_change_of_version_that_fails_is_not_half_done(old: Path, make: Callable[..., SQLiteQuota]) -> None:
    with closing(sqlite3.connect(old)) as db:
        db.execute("CREATE TABLE clocks (theirs)")
    assert "table clocks already exists" in await message(make())
    with closing(sqlite3.connect(old)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert not db.execute("SELECT name FROM sqlite_schema WHERE name = 'steps'").fetchall()
        db.execute("DROP TABLE clocks")
    assert await used(make(), (MINUTE,)) == 3


async def test_several_programs_may_change_the_version_at_once(old: Path, make: Callable[..., SQLiteQuota]) -> None:
    stores = [make(lock_timeout=30) for _ in range(6)]
    assert await asyncio.gather(*(used(store, (MINUTE,)) for store in stores)) == [3] * 6


async def test_a_limit_of_more_than_a_day_that_comes_later_is_told_of_once(
    store: SQLiteQuota, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        await store.settle("key", await take(store))
        clock.us += 2 * 86_400_000_000
    for _ in range(3):
        await store.take("key", (Layer(1, 30 * 86_400_000_000),), HOLD_US)
    assert len([each for each in caplog.messages if "more than a day" in each]) == 1
