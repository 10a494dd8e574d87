"""``SQLiteSuppression``: the contract, and what is its own: a file, processes, whoever else has it open."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from customersms_async import ConfigurationError, SQLiteIdempotency, SQLiteSuppression, SuppressionStoreError
from customersms_async.testing import SuppressionStoreContract
from customersms_async.testing._contract.forks import begin_child, end_child
from support.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ANN, BEN = "+12125551234", "+442071838750"


class TestSQLiteSuppression(SuppressionStoreContract):
    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path) -> None:
        self.path = tmp_path / "suppressed.db"

    def open_store(self, clock: Callable[[], int]) -> SQLiteSuppression:
        return SQLiteSuppression(self.path, clock=clock)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "suppressed.db"


@pytest.fixture
def kept(path: Path) -> Path:
    """A list with one number on it, which nobody has open."""

    async def add() -> None:
        async with SQLiteSuppression(path) as store:
            await store.add(ANN, why="a list", by="Ann")

    asyncio.run(add())
    return path


def modes(folder: Path) -> dict[str, int]:
    return {each.name: each.stat().st_mode & 0o777 for each in folder.iterdir()}


def contents(path: Path) -> list[bytes]:
    """What the file and its log hold."""
    return [path.read_bytes(), path.with_name(f"{path.name}-wal").read_bytes()]


def contents_of_closed(path: Path) -> bytes:
    return path.read_bytes()


async def test_a_new_list_is_for_its_user_only_and_nothing_is_made_before_it_is_used(path: Path) -> None:
    async with SQLiteSuppression(path) as store:
        assert modes(path.parent) == {}
        assert await store.suppressed([ANN]) == frozenset()
        await store.add(ANN)
        names = ("suppressed.db", "suppressed.db-wal", "suppressed.db-shm")
        assert modes(path.parent) == dict.fromkeys(names, 0o600)


async def test_what_is_acknowledged_is_on_the_disk(path: Path) -> None:
    async with SQLiteSuppression(path) as store:
        await store.add(ANN)
        (level,) = await asyncio.wrap_future(
            store._threads.submit(lambda file: file._db.execute("PRAGMA synchronous").fetchone())
        )
        assert level == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_of_several_processes_each_change_counts_once_and_is_seen_by_all(path: Path) -> None:
    store, changed = SQLiteSuppression(path), path.with_name("changed")
    phones = [f"+1212555{number:04d}" for number in range(40)]
    asyncio.run(store.suppressed([ANN]))

    def work() -> int:
        for phone in phones:
            if asyncio.run(store.add(phone)):
                with changed.open("a") as file:
                    file.write(f"{phone}\n")
        return 0

    children = [begin_child(work) for _ in range(2)]
    work()
    assert [end_child(*child) for child in children] == [0, 0]
    assert sorted(changed.read_text().split()) == phones
    assert asyncio.run(store.suppressed(phones)) == set(phones)
    store.close()


def test_of_many_threads_each_change_counts_once(path: Path) -> None:
    store, changed = SQLiteSuppression(path), list[int]()

    async def work() -> None:
        changed.append(sum([await store.add(f"+1212555{number:04d}") for number in range(30)]))

    in_threads(3, work)
    assert sum(changed) == len(asyncio.run(store.entries())) == 30
    store.close()


async def test_it_comes_back_from_a_pickle_as_the_same_list(path: Path) -> None:
    async with SQLiteSuppression(path) as store:
        await store.add(ANN)
        assert repr(store) == f"SQLiteSuppression({str(path)!r})"
        for again in (pickle.loads(pickle.dumps(store)), copy.copy(store)):  # noqa: S301 - made here
            async with again:
                assert await again.suppressed([ANN]) == {ANN}


async def test_a_look_is_answered_while_another_program_writes_and_writes_nothing_itself(kept: Path) -> None:
    async with SQLiteSuppression(kept, lock_timeout=0.0) as store:
        assert await store.suppressed([ANN]) == {ANN}
        before = contents(kept)
        other = sqlite3.connect(kept)
        other.execute("BEGIN IMMEDIATE")
        assert await store.suppressed([ANN, BEN]) == {ANN}
        assert len(await store.entries()) == 1
        with pytest.raises(SuppressionStoreError, match="locked") as caught:
            await store.add(BEN)
        assert caught.value.temporary
        other.close()
        assert contents(kept) == before
        assert await store.add(BEN) == 1
    with pytest.raises(SuppressionStoreError, match="was closed"):
        await store.suppressed([ANN])


async def test_whoever_opens_it_only_to_look_harms_nobody(path: Path) -> None:
    """Two stores of one process, and a program with sqlite3: each closes the file while another goes on with it."""
    async with SQLiteSuppression(path) as store:
        for number in range(20):
            await store.add(f"+1212555{number:04d}")
            async with SQLiteSuppression(path) as page:
                assert len(await page.entries()) == number + 1
            with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as other:
                assert other.execute("SELECT count(*) FROM entries").fetchone() == (number + 1,)
            other.close()
    async with SQLiteSuppression(path) as store:
        assert len(await store.entries()) == 20


async def test_what_is_no_list_is_refused_and_stays_as_it_is(tmp_path: Path, path: Path) -> None:
    async with SQLiteIdempotency(tmp_path / "keys.db") as keys:
        await keys.look([b"the key of 16 by"])
    (tmp_path / "words.db").write_text("no database at all, and longer than what is cut\n" * 20)
    (tmp_path / "cut.db").touch()
    for name, said in (
        ("keys", "is not a suppression list"),
        ("words", "is not a suppression list"),
        ("cut", "only 0"),
    ):
        file = tmp_path / f"{name}.db"
        before = file.read_bytes()
        for call in (SQLiteSuppression(file).suppressed([ANN]), SQLiteSuppression(file).add(ANN)):
            with pytest.raises(SuppressionStoreError, match=said) as caught:
                await call
            assert not caught.value.temporary
            assert "delete" not in str(caught.value)
        assert file.read_bytes() == before
    with pytest.raises(SuppressionStoreError, match="there is no folder"):
        await SQLiteSuppression(tmp_path / "none" / "list.db").suppressed([ANN])
    with pytest.raises(ConfigurationError, match="null"):
        SQLiteSuppression("a\0b")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("DELETE FROM entries", "entries are missing"),
        ("DELETE FROM changes", "entries are missing"),
        ("UPDATE entries SET number = 7", "an entry has lost its time"),
        ("UPDATE changes SET at_us = 1 << 62", "an entry has lost its time"),
        ("PRAGMA ignore_check_constraints = ON; UPDATE entries SET suppressed = 5", "CHECK constraint failed"),
        ("PRAGMA ignore_check_constraints = ON; UPDATE entries SET phone = 5", "CHECK constraint failed"),
        ("DROP TABLE entries", "no such table"),
        ("DELETE FROM list", "its id is missing"),
        ("DROP TABLE list", "no such table"),
        ("PRAGMA user_version = 3", "has version 3"),
    ],
)
def test_a_damaged_list_is_refused(kept: Path, damage: str, said: str) -> None:
    db = sqlite3.connect(kept)
    db.executescript(damage)
    db.close()
    with pytest.raises(SuppressionStoreError, match=said):
        asyncio.run(SQLiteSuppression(kept).entries())


async def test_a_list_that_is_deleted_or_replaced_while_in_use_is_no_empty_list(path: Path) -> None:
    async with SQLiteSuppression(path) as store:
        await store.add(ANN)
        os.unlink(path)  # noqa: PTH108 - as another program would
        with pytest.raises(SuppressionStoreError, match="was deleted, moved or replaced"):
            await store.suppressed([ANN])


async def test_a_cancelled_addition_takes_effect_and_harms_nothing(path: Path) -> None:
    async with SQLiteSuppression(path) as store:
        await store.suppressed([ANN])
        task = asyncio.ensure_future(store.add(ANN))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await store.suppressed([ANN]) == {ANN}


async def test_an_entry_takes_less_than_thirty_bytes(path: Path) -> None:
    async with SQLiteSuppression(path) as store:
        await store.add([f"+1212{number * 211 % 10**7:07d}" for number in range(20_000)], why="a long reason" * 50)
    assert len(contents_of_closed(path)) / 20_000 < 30


async def named(path: Path) -> str:
    """How campaigns' terms name the list at that path."""
    async with SQLiteSuppression(path) as store:
        return await store.__list_name__()


def test_a_list_is_itself_wherever_its_copy_lies_and_no_other_one_at_its_place_is(kept: Path) -> None:
    name = asyncio.run(named(kept))
    assert name == asyncio.run(named(kept))
    assert name.startswith(f"SQLiteSuppression({str(kept)!r}) with the id ")
    copied = kept.with_name("copy.db")
    shutil.copy(kept, copied)
    kept.unlink()
    assert asyncio.run(named(kept)) != name, "another list at its place"
    copied.replace(kept)
    assert asyncio.run(named(kept)) == name, "restored"


async def test_several_programs_may_give_a_list_of_version_1_its_id_at_once(kept: Path) -> None:
    with closing(sqlite3.connect(kept)) as db:
        db.executescript("DROP TABLE list; PRAGMA user_version = 1")
    names = await asyncio.gather(*(named(kept) for _ in range(6)))
    assert len(set(names)) == 1
    async with SQLiteSuppression(kept) as store:
        assert await store.suppressed([ANN, BEN]) == {ANN}
