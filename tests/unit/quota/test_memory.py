"""``MemoryQuota``: the contract, and what is its own: bound to no loop, safe between threads."""

from __future__ import annotations

import asyncio
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING

from customersms_async import Limit, MemoryQuota, Priority
from customersms_async._admission.rooms import room
from customersms_async._admission.terms import Terms
from customersms_async._admission.ticket import Ticket
from customersms_async._core.layers import Layer, Wait, layers
from customersms_async._http.connections import Connections
from customersms_async.testing import QuotaStoreContract
from support.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    import pytest

    from customersms_async.quota import QuotaStore

ONE = layers([Limit(1, 60)])
HOLD_US = 35_000_000


class TestMemoryQuota(QuotaStoreContract):
    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[QuotaStore]:
        return nullcontext(MemoryQuota(clock=clock))


async def take(store: MemoryQuota, key: str = "key", layers: tuple[Layer, ...] = ONE) -> int | Wait:
    return await store.take(key, layers, HOLD_US)


def test_a_token_given_back_in_one_loop_wakes_a_waiter_in_another() -> None:
    store = MemoryQuota()
    grant = asyncio.run(take(store))
    assert isinstance(grant, int)
    waiting, admitted = threading.Event(), threading.Event()

    async def wait() -> None:
        terms = Terms.of((Limit(1, 60),), 0.0, None, Connections(1))
        task = asyncio.ensure_future(room(store, "key").admit(Ticket(Priority.NORMAL), terms, HOLD_US))
        await asyncio.sleep(0.01)
        waiting.set()
        await task
        admitted.set()

    thread = threading.Thread(target=lambda: asyncio.run(wait()))
    thread.start()
    assert waiting.wait(5)

    async def give_back() -> None:
        await room(store, "key").give_back(grant)

    asyncio.run(give_back())
    assert admitted.wait(5)
    thread.join()


def test_threads_share_the_tokens_of_a_key_exactly() -> None:
    store, wide = MemoryQuota(), layers([Limit(500, 600)])
    granted: list[int] = []

    async def grab() -> None:
        for _ in range(200):
            taken = await store.take("key", wide, HOLD_US)
            if isinstance(taken, int):
                granted.append(taken)
                if len(granted) % 3:
                    await store.settle("key", taken)

    in_threads(8, grab)
    assert len(granted) == len(set(granted)) == 500


def test_a_limit_of_more_than_a_day_that_comes_later_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    day, clock_us = 86_400_000_000, [0]
    store, month = MemoryQuota(clock=lambda: clock_us[0]), (Layer(100, 30 * day),)

    async def main() -> None:
        for _ in range(2):
            for _ in range(70):
                granted = await take(store, layers=(Layer(70, 1_000_000),))
                assert isinstance(granted, int)
                await store.settle("key", granted)
            clock_us[0] += 2 * day
        for _ in range(3):
            assert isinstance(await take(store, layers=month), Wait)
        assert (await store.usage("key", month))[0][0].used == 140
        await store.forecast_us("key", [((Layer(1, 31 * day),), 1)])
        await store.renew("key", 5, (Layer(1, 32 * day),), HOLD_US)

    asyncio.run(main())
    assert len([each for each in caplog.messages if "more than a day" in each]) == 3, "for each longer window"
