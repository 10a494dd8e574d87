"""``SQLiteIdempotency``: the contract, and what is its own: a file, processes, what it knows."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import sqlite3
from typing import TYPE_CHECKING

import pytest

from customersms_async import IdempotencyStoreError, SQLiteIdempotency, SQLiteQuota
from customersms_async._core.idempotency_record import Claim
from customersms_async._core.idempotency_states import KeyEvent, KeyState
from customersms_async._core.layers import layers
from customersms_async.idempotency.protocol import ClaimEnd
from customersms_async.models import Limit
from customersms_async.quota.host_clock import Moment
from customersms_async.testing import IdempotencyStoreContract
from customersms_async.testing._contract.forks import begin_child, end_child

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = b"the key of 16 by"
ASKED = [(KEY, b"its content")]


class TestSQLiteIdempotency(IdempotencyStoreContract):
    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path) -> None:
        self.path = tmp_path / "keys.db"

    def open_store(self, clock: Callable[[], int], keep: float) -> SQLiteIdempotency:
        return SQLiteIdempotency(self.path, keep=keep, clock=lambda: Moment("boot", clock(), 0))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_of_several_processes_one_gets_each_key(tmp_path: Path) -> None:
    store, won = SQLiteIdempotency(tmp_path / "keys.db"), tmp_path / "won"
    asyncio.run(store.look([KEY]))

    def work() -> int:
        for number in range(30):
            claim = Claim(b"%10d" % os.getpid(), 10**8)
            if asyncio.run(store.claim(claim, [(b"key %d" % number, b"content")])) == [None]:
                with won.open("a") as file:
                    file.write(f"{number}\n")
        return 0

    children = [begin_child(work) for _ in range(2)]
    work()
    assert [end_child(*child) for child in children] == [0, 0]
    assert sorted(map(int, won.read_text().split())) == list(range(30))
    store.close()


async def test_what_is_acknowledged_is_on_the_disk(tmp_path: Path) -> None:
    async with SQLiteIdempotency(tmp_path / "keys.db") as store:
        await store.claim(Claim(b"claim", 10**8), ASKED)
        (level,) = await asyncio.wrap_future(
            store._threads.submit(lambda file: file._db.execute("PRAGMA synchronous").fetchone())
        )
        assert level == 2


async def test_it_comes_back_from_a_pickle_with_all_its_options(tmp_path: Path) -> None:
    async with SQLiteIdempotency(tmp_path / "keys.db", secret="a secret", keep=60).namespaced("one") as store:
        key = store.hashes.of_send("key", "+12125551234", "Hello")
        await store.claim(Claim(b"claim", 10**8), [(key.key, key.content)])
        for again in (pickle.loads(pickle.dumps(store)), copy.copy(store)):  # noqa: S301 - made here
            async with again:
                found = again.hashes.of_send("key", "+12125551234", "Hello")
                (seen,) = await again.look([found.key])
                assert seen is not None
                assert seen.state is KeyState.CLAIMED
        assert "a secret" not in repr(store)


async def test_what_was_kept_for_long_enough_leaves_the_file(tmp_path: Path) -> None:
    now_us = 0
    async with SQLiteIdempotency(tmp_path / "keys.db", keep=60, clock=lambda: Moment("boot", now_us, 0)) as store:
        for number in range(40):
            await store.claim(Claim(b"a %d" % number, 1), [(b"a %d" % number, b"")])
            await store.end(
                b"a %d" % number, [ClaimEnd(b"a %d" % number, (KeyEvent.ACCEPTED, KeyEvent.UNSENT)[number % 2])]
            )
        now_us += 700_000_000
        for number in range(10):
            await store.claim(Claim(b"b %d" % number, 1), [(b"b %d" % number, b"")])
        count = await asyncio.wrap_future(
            store._threads.submit(lambda file: file._db.execute("SELECT count(*) FROM keys").fetchone()[0])
        )
        assert count == 10


async def test_what_is_no_file_of_keys_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "quota.db"
    async with SQLiteQuota(path) as quota:
        await quota.take("key", layers([Limit(1, 60)]), 1_000)
    before = path.read_bytes()
    with pytest.raises(IdempotencyStoreError, match="is not an idempotency file") as caught:
        await SQLiteIdempotency(path).look([KEY])
    assert not caught.value.temporary
    assert path.read_bytes() == before
    with pytest.raises(IdempotencyStoreError, match="there is no folder"):
        await SQLiteIdempotency(tmp_path / "none" / "keys.db").look([KEY])


async def test_a_file_that_somebody_has_locked_may_be_free_later(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    async with SQLiteIdempotency(path, lock_timeout=0.0) as store:
        await store.look([KEY])
        other = sqlite3.connect(path)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(IdempotencyStoreError, match="locked") as caught:
            await store.claim(Claim(b"claim", 1), ASKED)
        assert caught.value.temporary
        other.close()
        assert await store.claim(Claim(b"claim", 1), ASKED) == [None]
    with pytest.raises(IdempotencyStoreError, match="was closed"):
        await store.look([KEY])


async def test_rows_that_can_t_be_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    async with SQLiteIdempotency(path) as store:
        await store.claim(Claim(b"claim", 1), ASKED)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE keys SET state = 77")
    db.close()
    with pytest.raises(IdempotencyStoreError, match="a row is no key's"):
        await SQLiteIdempotency(path).look([KEY])
