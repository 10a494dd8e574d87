"""``max_wait`` over an in-process store of somebody's own: one that can forecast at once, and one that can not."""

from __future__ import annotations

import asyncio
import gc
import random
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import Limit, Priority
from customersms_async._admission.max_wait import ROUND_TRIP
from customersms_async._admission.room import Room
from customersms_async._admission.terms import Terms
from customersms_async._admission.ticket import Expired, Ticket
from customersms_async._http.connections import Connections
from customersms_async.quota.protocol import is_in_process
from support import virtual_loop
from support.slow_store import FarStore

if TYPE_CHECKING:
    from customersms_async import MemoryQuota

HOLD_US = 35_000_000


class Own:
    """A store with all that ``QuotaStore`` demands, and ``take_now``."""

    in_process = True

    def __init__(self, store: MemoryQuota) -> None:
        for name in ("take", "take_now", "renew", "settle", "give_back", "pause", "forecast_us", "usage"):
            setattr(self, name, getattr(store, name))


class OwnWithForecast(Own):
    """A whole ``InProcessQuotaStore``."""

    def __init__(self, store: MemoryQuota) -> None:
        super().__init__(store)
        self.forecast_now_us = store.forecast_now_us


@pytest.mark.parametrize("kind", [Own, OwnWithForecast])
def test_who_can_not_be_let_in_in_time_hears_so_at_once_and_others_when_their_time_is_over(kind: type[Own]) -> None:
    async def main() -> tuple[list[float], list[int]]:
        loop = virtual_loop.loop()
        store: Any = kind(loop.quota())
        assert is_in_process(store)
        room, terms = Room(store, "key", loop), Terms.of((Limit(1, 10),), 0.0, None, Connections(9))
        began, waits_us = loop.time(), []

        async def expired(priority: Priority, max_wait: float) -> float:
            with pytest.raises(Expired) as caught:
                await room.admit(Ticket(priority, began + max_wait), terms, HOLD_US)
            waits_us.append(caught.value.wait_us)
            return loop.time() - began

        await store.settle("key", (await room.admit(Ticket(Priority.NORMAL), terms, HOLD_US)).grant)
        at = [await expired(Priority.NORMAL, 9)]
        overtaken = asyncio.create_task(expired(Priority.BULK, 12))
        await asyncio.sleep(0.01)
        urgent = asyncio.create_task(_admitted(room, terms))
        await asyncio.sleep(0.01)
        at.append(await expired(Priority.BULK, 19))
        at.append(await overtaken)
        await urgent
        return at, waits_us

    at, waits_us = virtual_loop.run(main())
    assert at == [pytest.approx(0, abs=1e-3), pytest.approx(0.02, abs=1e-3), pytest.approx(12, abs=1e-3)]
    assert [wait_us / 1e6 for wait_us in waits_us] == [pytest.approx(seconds, abs=0.1) for seconds in (10, 30, 10)]


@pytest.mark.parametrize("limit", range(1, 7))
@pytest.mark.parametrize("seed", range(10))
def test_of_a_distant_store_each_token_is_had_and_only_the_others_are_refused(limit: int, seed: int) -> None:
    """Who is just being let in stands in line still, and may be counted by the store already."""

    async def main() -> tuple[int, float]:
        loop, dice = virtual_loop.loop(), random.Random(seed)
        began = loop.time()
        room, terms = Room(FarStore(dice), "key", loop), Terms.of((Limit(limit, 60),), 0.0, None, Connections(9))

        async def admitted(priority: Priority) -> bool:
            await asyncio.sleep(dice.uniform(0, 0.05))
            try:
                await room.admit(Ticket(priority, loop.time() + 5), terms, HOLD_US)
            except Expired:
                return False
            return True

        found = await asyncio.gather(*(admitted(dice.choice(list(Priority))) for _ in range(6)))
        return sum(found), loop.time() - began

    admitted, ended = virtual_loop.run(main())
    assert admitted == limit
    assert ended < 5 + ROUND_TRIP


async def _admitted(room: Room, terms: Terms) -> None:
    await room.admit(Ticket(Priority.URGENT), terms, HOLD_US)


async def _raises(*_: object) -> int:
    raise RuntimeError("a bug of the store's own")


async def _is_cancelled(*_: object) -> int:
    raise asyncio.CancelledError


async def _never_answers(*_: object) -> int:
    never: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    return await never


async def _answers_nothing(*_: object) -> Any:
    return None


async def _ends(*_: object) -> int:
    raise StopAsyncIteration


def _raises_now(*_: object) -> int:
    raise RuntimeError("a bug of the store's own")


@pytest.mark.parametrize("forecast", [_raises, _is_cancelled, _never_answers, _answers_nothing, _ends])
@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize("max_wait", [0.0, 3.0])
def test_a_store_that_can_not_forecast_ends_no_wait_late_and_no_task_in_an_error(
    forecast: Any, near: bool, max_wait: float
) -> None:
    async def main() -> tuple[float, str | None, list[str]]:
        loop = virtual_loop.loop()
        unheard: list[str] = []
        loop.set_exception_handler(lambda _, context: unheard.append(context["message"]))
        store: Any = OwnWithForecast(loop.quota()) if near else Own(loop.quota())
        store.in_process, store.forecast_us, store.forecast_now_us = near, forecast, _raises_now
        room, terms = Room(store, "key", loop), Terms.of((Limit(1, 60),), 0.0, None, Connections(9))
        await store.settle("key", (await room.admit(Ticket(Priority.NORMAL), terms, HOLD_US)).grant)
        began = loop.time()
        first = asyncio.create_task(_admitted(room, terms))  # so that somebody is ahead
        await asyncio.sleep(0)
        with pytest.raises(Expired) as caught:
            await room.admit(Ticket(Priority.NORMAL, began + max_wait), terms, HOLD_US)
        ended = loop.time() - began
        first.cancel()
        await asyncio.sleep(1)
        gc.collect()
        return ended, caught.value.outage, unheard

    ended, outage, unheard = virtual_loop.run(main())
    assert max_wait <= ended <= max_wait + ROUND_TRIP + 0.01
    assert outage
    if forecast is _raises:
        assert outage == "RuntimeError: a bug of the store's own"
    assert not unheard
