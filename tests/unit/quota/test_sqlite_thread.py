"""The thread of a ``SQLiteQuota``: cancelling, closing, dropping, forking."""

# ruff: noqa: ASYNC240 - a test may wait for its own small files

from __future__ import annotations

import asyncio
import gc
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from customersms_async._core.layers import Layer
from customersms_async.quota.sqlite import SQLiteQuota
from support.sqlite_host import HOLD_US, ONE, THREE, Clock, message, run, take, used
from support.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def test_a_cancelled_take_gives_its_grant_back_when_it_comes(
    make: Callable[..., SQLiteQuota], path: Path
) -> None:
    store = make(lock_timeout=30)
    renewed = await take(store, THREE)
    for call in (store.take("key", THREE, HOLD_US), store.renew("key", renewed, THREE, HOLD_US)):
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            task = asyncio.create_task(call)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            db.execute("ROLLBACK")
        await used(store)  # queued behind the take, so maybe before what gives it back
    assert await used(store) == 0
    assert await take(store, THREE) == 4


async def test_a_take_that_is_cancelled_when_its_grant_has_come_gives_it_back(store: SQLiteQuota) -> None:
    task = asyncio.create_task(store.take("key", THREE, HOLD_US))
    await asyncio.sleep(0)
    store._threads.here().submit(lambda _: None).result()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await used(store) == 0


async def test_a_cancelled_wait_or_a_failed_take_has_nothing_to_give_back(store: SQLiteQuota, path: Path) -> None:
    held = await take(store)
    task = asyncio.create_task(store.take("key", ONE, HOLD_US))
    await asyncio.sleep(0)
    task.cancel()
    assert await used(store) == 1
    await store.give_back("key", held)
    path.rename(path.with_name("aside"))
    task = asyncio.create_task(store.take("key", ONE, HOLD_US))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await message(store)
    path.with_name("aside").rename(path)
    assert await used(store) == 0


async def test_a_cancelled_settle_takes_effect(make: Callable[..., SQLiteQuota], clock: Clock, path: Path) -> None:
    store = make(lock_timeout=30)
    held = await take(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(store.settle("key", held))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        db.execute("ROLLBACK")
    await used(store)
    clock.us = 1_000
    await take(store)


async def test_closing_does_what_was_asked_for_and_is_final(make: Callable[..., SQLiteQuota], path: Path) -> None:
    store = make()
    task = asyncio.create_task(take(store))
    await asyncio.sleep(0)
    store.close()
    store.close()
    await store.aclose()
    assert await task == 1
    assert await message(store) == f"The quota file {path} was closed by this program."
    assert await used(make()) == 1
    make().close()


async def test_a_store_that_was_closed_meanwhile_lets_a_cancelled_grant_lapse(store: SQLiteQuota) -> None:
    task = asyncio.create_task(store.take("key", THREE, HOLD_US))
    await asyncio.sleep(0)
    task.cancel()
    store.close()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_loops_and_threads_share_one_store(path: Path) -> None:
    store, wide, granted = SQLiteQuota(path), (Layer(50, 10**12),), list[int]()

    async def grab() -> None:
        while isinstance(taken := await store.take("key", wide, 10**12), int):
            granted.append(taken)
            if len(granted) % 3:
                await store.settle("key", taken)

    in_threads(4, grab)
    store.close()
    assert sorted(granted) == list(range(1, 51))


async def test_a_dropped_store_closes_its_file_and_ends_its_thread(path: Path, clock: Clock) -> None:
    store = SQLiteQuota(path, clock=clock)
    await take(store)
    ended = store._threads.here().stopped
    del store
    gc.collect()
    await asyncio.wait_for(asyncio.wrap_future(ended), 10)
    assert list(path.parent.iterdir()) == [path]


async def test_a_cancelled_call_without_a_grant_does_not_keep_a_dropped_store(path: Path, clock: Clock) -> None:
    store = SQLiteQuota(path, clock=clock)
    await take(store)
    task = asyncio.create_task(store.take("key", ONE, HOLD_US))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    ended = store._threads.here().stopped
    del store, task
    gc.collect()
    await asyncio.wait_for(asyncio.wrap_future(ended), 10)


@pytest.mark.parametrize("end", ["", "del store; gc.collect()", "store.close()", "taken.cancel()"])
def test_a_program_that_ends_without_closing_its_store_ends_quietly(path: Path, end: str) -> None:
    script = f"""if True:
        import asyncio, gc, sys
        from customersms_async._core.layers import Layer
        from customersms_async.quota.sqlite import SQLiteQuota
        async def main():
            global taken
            taken = asyncio.ensure_future(store.take("key", (Layer(1, 10),), 10))
            await taken
            taken = asyncio.ensure_future(store.take("key", (Layer(1, 10),), 10))
            await asyncio.sleep(0)
            {end if "cancel" in end else ""}
        store = SQLiteQuota(sys.argv[1])
        asyncio.run(main())
        {end}
        print("end")
    """
    assert run(script, path) == "end\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_opens_the_file_anew_and_ends_without_harm(path: Path) -> None:
    script = """if True:
        import asyncio, os, sys, warnings
        from customersms_async._core.layers import Layer
        from customersms_async.quota.sqlite import SQLiteQuota
        warnings.filterwarnings("ignore", "This process .* is multi-threaded")  # so newer Pythons say of every fork
        store = SQLiteQuota(sys.argv[1])
        def take():
            return asyncio.run(store.take("key", (Layer(4, 10**12),), 10**12))
        assert take() == 1
        for child_takes in (True, False):
            child = os.fork()
            if not child:
                if child_takes:
                    assert take() == 2 and list(store._threads._threads) == [os.getpid()]
                    store.close()
                sys.exit()
            assert os.waitpid(child, 0)[1] == 0
        assert take() == 3
        assert take() == 4
        assert not isinstance(take(), int)
        store.close()
        print(os.listdir(os.path.dirname(sys.argv[1])))
    """
    assert run(script, path) == "['quota.db']\n"
