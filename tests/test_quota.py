"""``MemoryQuota``: bound to no loop, safe between threads, and heard when a token comes early."""

from __future__ import annotations

import asyncio
import threading

import pytest

from customersms_async import Limit, MemoryQuota, Priority
from customersms_async.admission import Room, Terms
from customersms_async.buckets import Wait, layers
from customersms_async.connections import Connections
from customersms_async.quota import Grant
from customersms_async.ticket import Ticket

ONE = layers([Limit(1, 60)])
HOLD_US = 35_000_000


class Clock:
    """Time that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.us = 0

    def __call__(self) -> int:
        return self.us


async def take(store: MemoryQuota, key: str = "key") -> Grant | Wait:
    return await store.take(key, ONE, HOLD_US, lambda: None)


async def test_keys_have_tokens_of_their_own() -> None:
    store = MemoryQuota()
    assert isinstance(await take(store, "one"), Grant)
    assert isinstance(await take(store, "two"), Grant)
    assert isinstance(await take(store, "one"), Wait)


async def test_a_settled_request_frees_its_token_one_stretched_window_later() -> None:
    store = MemoryQuota(clock=(clock := Clock()))
    grant = await take(store)
    assert isinstance(grant, Grant)
    clock.us = 3_000_000
    await store.settle("key", grant)
    assert await take(store) == Wait(60_012_000)
    clock.us += 60_012_000
    assert isinstance(await take(store), Grant)


async def test_a_request_that_nobody_settles_lapses_by_itself() -> None:
    store = MemoryQuota(clock=(clock := Clock()))
    await take(store)
    assert await take(store) == Wait(HOLD_US + 60_012_000)
    clock.us = HOLD_US + 60_012_000
    assert isinstance(await take(store), Grant)


async def test_renewing_gives_back_and_takes_in_one_step() -> None:
    store = MemoryQuota(clock=Clock())
    grant = await take(store)
    assert isinstance(grant, Grant)
    renewed = await store.renew("key", grant, ONE, HOLD_US)
    assert isinstance(renewed, Grant)
    await store.pause("key", 5_000_000)
    assert await store.renew("key", renewed, ONE, HOLD_US) == Wait(5_000_000)
    usage, paused_us = await store.usage("key", ONE)
    assert (usage[0].used, paused_us) == (0, 5_000_000)


@pytest.mark.parametrize("change", ["settle", "give_back"])
async def test_whoever_was_told_to_wait_hears_of_a_change_once(change: str) -> None:
    store = MemoryQuota()
    grant = await take(store)
    assert isinstance(grant, Grant)
    heard: list[str] = []

    def on_change() -> None:
        heard.append(change)

    for _ in range(3):
        assert isinstance(await store.take("key", ONE, HOLD_US, on_change), Wait)
    await getattr(store, change)("key", grant)
    await getattr(store, change)("key", grant)
    assert heard == [change]


def test_a_token_given_back_in_one_loop_wakes_a_waiter_in_another() -> None:
    store = MemoryQuota()
    grant = asyncio.run(take(store))
    assert isinstance(grant, Grant)
    waiting, admitted = threading.Event(), threading.Event()

    async def wait() -> None:
        room = Room(store, "key", asyncio.get_running_loop())
        terms = Terms.of((Limit(1, 60),), 0.0, None, Connections(1))
        task = asyncio.create_task(room.admit(Ticket(Priority.NORMAL), terms, HOLD_US))
        await asyncio.sleep(0.01)
        waiting.set()
        await task
        admitted.set()

    thread = threading.Thread(target=lambda: asyncio.run(wait()))
    thread.start()
    assert waiting.wait(5)
    asyncio.run(store.give_back("key", grant))
    assert admitted.wait(5)
    thread.join()


def test_threads_share_the_tokens_of_a_key_exactly() -> None:
    store, wide = MemoryQuota(), layers([Limit(500, 600)])
    granted: list[Grant] = []

    async def grab() -> None:
        for _ in range(200):
            taken = await store.take("key", wide, HOLD_US, lambda: None)
            if isinstance(taken, Grant):
                granted.append(taken)
                if len(granted) % 3:
                    await store.settle("key", taken)

    threads = [threading.Thread(target=lambda: asyncio.run(grab())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == len(set(granted)) == 500
