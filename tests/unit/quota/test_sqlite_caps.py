"""``SQLiteQuota`` and caps: the contract, files of earlier versions, what goes, what survives."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customersms_async.quota.host_clock import Moment
from customersms_async.quota.sqlite import SQLiteQuota
from customersms_async.testing import CapStoreContract
from customersms_async.testing._contract.cap_store import SPACE, answered, counted, room, scope, text, wait_us
from support.sqlite_host import HOLD_US, THREE, Clock, message, take, used

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from customersms_async.testing._contract.cap_store import CappingStore

TEN = scope("ten", (10, 1_000))


class TestSQLiteQuotaCaps(CapStoreContract):
    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=tmp_path))

    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[CappingStore]:
        return SQLiteQuota(self.folder / "quota.sqlite", clock=lambda: Moment("a boot", clock(), 0))


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        (count,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - ours
    return int(count)


async def test_a_restart_keeps_what_counts(make: Callable[..., SQLiteQuota], clock: Clock) -> None:
    first, held = text(TEN), text(TEN, again=b"stable")
    async with make() as store:
        await counted(store, first, held)
        clock.us += 100
        await answered(store, first)
    again = make()
    assert await room(again, TEN) == 8
    await answered(again, held)
    clock.us += 900
    assert await room(again, TEN) == 8
    await counted(again, text(TEN, again=b"stable"))
    clock.us += 100
    assert await room(again, TEN) == 9


async def test_a_take_is_durable_and_the_rest_need_not_be(make: Callable[..., SQLiteQuota], path: Path) -> None:
    """What is let through must be known after a loss of power; what is let go may be forgotten, and counts."""
    store, one = make(), text(TEN)
    await counted(store, one)
    settings: list[bool] = []

    def job(file: object) -> None:
        settings.append(file._durable)  # type: ignore[attr-defined]

    await asyncio.wrap_future(store._submit(job))
    await answered(store, one)
    await asyncio.wrap_future(store._submit(job))
    assert settings == [True, False]


async def test_what_is_over_goes_a_little_at_a_time(make: Callable[..., SQLiteQuota], path: Path, clock: Clock) -> None:
    """Numbers that nobody texts again, too, and what is known of texts that might have come again."""
    total = scope("total", (1_000, 500))
    async with make() as store:
        await counted(store, *(text(scope(f"{n}", (1, 500)), total, again=b"%d" % n) for n in range(200)), hold_us=1)
        assert [rows(path, f"cap_{name}") for name in ("texts", "scopes", "again")] == [400, 201, 200]
        clock.us += 501
        for n in range(60):
            await counted(store, text(scope(f"other {n % 3}", (30, 1)), total), hold_us=1)
        assert rows(path, "cap_again") == 0
        assert rows(path, "cap_scopes") == 4
        assert rows(path, "cap_texts") == 120


async def test_what_is_over_goes_under_other_names_too(
    make: Callable[..., SQLiteQuota], path: Path, clock: Clock
) -> None:
    """Each by the windows of its own name."""
    async with make() as store:
        await counted(store, text(scope("1", (1, 500))), hold_us=1)
        await counted(store, text(scope("2", (1, 900))), hold_us=1, space=b"another")
        clock.us += 600
        for n in range(3):
            await counted(store, text(scope(f"{n}", (1, 500))), hold_us=1, space=b"a third")
        assert rows(path, "cap_scopes") == 4
        assert rows(path, "cap_texts") == 4


async def test_a_call_that_was_cancelled_gives_back_what_it_counted(store: SQLiteQuota) -> None:
    one = scope("one", (1, 10**9))
    await room(store, one)  # opens the file
    for steps in range(10):
        task = asyncio.ensure_future(store.take_caps(SPACE, [text(one)], 10**9))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and not any(task.result()):
            break
    else:
        while not await room(store, one):  # noqa: ASYNC110 - the file's thread gives it back, and tells nobody
            await asyncio.sleep(0)


async def test_a_cancelled_call_gives_nothing_back_that_it_did_not_count(store: SQLiteQuota) -> None:
    one = scope("one", (1, 10**9))
    first = text(one)
    await counted(store, first, hold_us=10**9)
    task = asyncio.ensure_future(store.take_caps(SPACE, [first], 10**9))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert await room(store, one) == 0
    assert await room(store, one) == 0


async def test_a_file_of_version_2_counts_for_caps_from_its_first_use_on(
    make: Callable[..., SQLiteQuota], path: Path, clock: Clock
) -> None:
    async with make() as store:
        await take(store, THREE)
    as_of_version_2(path)
    async with make() as store:
        assert await used(store) == 1, "its quota is as it was"
        await counted(store, text(TEN))
        assert await room(store, TEN) == 9
    assert rows(path, "cap_texts") == 1


def as_of_version_2(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        for table in ("spaces", "scopes", "texts", "again"):
            db.execute(f"DROP TABLE cap_{table}")
        db.execute("PRAGMA user_version = 2")


async def test_a_program_of_version_2_that_still_has_the_file_open_shares_the_quota_and_knows_no_caps(
    make: Callable[..., SQLiteQuota], path: Path
) -> None:
    async with make() as store:
        await take(store, THREE)
    as_of_version_2(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as theirs:
        assert theirs.execute("SELECT held FROM keys").fetchone() == (1,)
        store = make()
        await counted(store, text(TEN))
        theirs.execute("BEGIN IMMEDIATE")
        theirs.execute("UPDATE keys SET held = 2, last_id = 2")
        theirs.execute("INSERT INTO held VALUES (1, 2, 1000)")
        theirs.execute("COMMIT")
        assert await used(store) == 2
        assert await room(store, TEN) == 9


async def test_several_programs_may_bring_a_file_of_version_2_up_to_date_at_once(
    make: Callable[..., SQLiteQuota], path: Path
) -> None:
    async with make() as store:
        await take(store, THREE)
    as_of_version_2(path)
    stores = [make(lock_timeout=30) for _ in range(6)]
    await asyncio.gather(*(counted(store, text(TEN)) for store in stores))
    assert await room(stores[0], TEN) == 4


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE cap_scopes SET texts = 2",
        "DELETE FROM cap_texts",
        "INSERT INTO cap_texts VALUES (77, 1, x'00')",
        "DELETE FROM cap_scopes",
    ],
)
async def test_a_file_whose_counted_texts_are_not_all_there_is_refused(
    make: Callable[..., SQLiteQuota], path: Path, damage: str
) -> None:
    async with make() as store:
        await counted(store, text(TEN))
    with closing(sqlite3.connect(path)) as db:
        db.execute(damage)
        db.commit()
    assert "its counts and its rows disagree" in await message(make())


async def test_a_text_costs_no_more_among_many(make: Callable[..., SQLiteQuota], clock: Clock) -> None:
    """What matters is found from whichever end of the list is nearer: SQLite takes few steps for it."""
    steps: list[int] = []
    store, total = make(), scope("total", (4_000, 10**9))
    for _ in range(8):
        clock.us += 1_000
        await counted(store, *(text(total) for _ in range(500)), hold_us=1)

    def count(file: object) -> None:
        file._db.set_progress_handler(lambda: steps.append(1), 100)  # type: ignore[attr-defined]

    await asyncio.wrap_future(store._submit(count))
    assert await wait_us(store, total) > 0
    assert await wait_us(store, scope("total", (5, 10**9), (4_000, 10**9), (5_000, 10**9))) > 0
    assert len(steps) < 5, "hundreds of steps of SQLite's machine"


async def test_room_is_told_in_the_files_own_time(store: SQLiteQuota, clock: Clock) -> None:
    one = scope("one", (1, 1_000))
    first = text(one)
    await counted(store, first, hold_us=HOLD_US)
    await answered(store, first)
    clock.wall_us -= 10**9
    clock.us += 400
    assert await wait_us(store, one) == 600
