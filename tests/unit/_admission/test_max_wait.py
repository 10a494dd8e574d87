"""``max_wait`` over an in-process store of somebody's own: one that can forecast at once, and one that can not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import Limit, Priority
from customersms_async._admission.room import Room
from customersms_async._admission.ticket import Expired, Terms, Ticket
from customersms_async._http.connections import Connections
from customersms_async.quota.protocol import is_in_process
from support import virtual_loop

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


async def _admitted(room: Room, terms: Terms) -> None:
    await room.admit(Ticket(Priority.URGENT), terms, HOLD_US)
