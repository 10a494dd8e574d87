"""For how long the one stands in line who stands longest, on virtual time."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async import Limit, Priority
from customersms_async._admission.room import Room
from customersms_async._admission.terms import Terms
from customersms_async._admission.ticket import Ticket
from customersms_async._http.connections import Connections
from support import virtual_loop

URGENT, NORMAL, BULK = Priority


class Desk:
    """A room in which so many may go within 100 seconds."""

    def __init__(self, requests: int) -> None:
        loop = virtual_loop.loop()
        self.store = loop.quota()
        self.room = Room(self.store, "key", loop, clock=loop.now_us)
        self.terms = Terms.of((Limit(requests, 100),), 0.0, None, Connections(1_000))

    async def send(self, priority: Priority, *, ticket: Ticket | None = None) -> None:
        grant, _ = await self.room.admit(ticket or Ticket(priority), self.terms, 35_000_000)
        await self.store.settle("key", grant)
        self.terms.connections.release(priority)

    @property
    def longest(self) -> float:
        return round(self.room.oldest_wait_us / 1e6, 3)


async def tick(times: int = 5) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


def test_the_one_who_stands_longest_is_known_whoever_goes_first() -> None:
    async def main() -> list[float]:
        desk, seen = Desk(1), list[float]()

        seen.append(desk.longest)
        await desk.send(NORMAL)
        waiting = []
        for priority in (BULK, NORMAL, URGENT):
            waiting.append(asyncio.create_task(desk.send(priority)))
            await asyncio.sleep(10)
            seen.append(desk.longest)
        waiting.pop(0).cancel()
        await tick()
        seen.append(desk.longest)  # the longest has left
        await asyncio.sleep(75)
        seen.append(desk.longest)  # and the urgent one has gone; the normal one stands for 95
        await asyncio.gather(*waiting)
        seen.append(desk.longest)
        return seen

    assert virtual_loop.run(main()) == [0, 10, 20, 30, 20, 95, 0]


def test_one_that_is_tried_again_stands_anew() -> None:
    async def main() -> list[float]:
        desk, seen = Desk(2), list[float]()
        ticket = Ticket(NORMAL)
        for _ in range(2):
            await desk.send(NORMAL, ticket=ticket)
        waiting = [asyncio.create_task(desk.send(NORMAL))]
        await asyncio.sleep(10)
        waiting.append(asyncio.create_task(desk.send(NORMAL, ticket=ticket)))
        await asyncio.sleep(20)
        seen.append(desk.longest)
        waiting[0].cancel()
        await tick()
        seen.append(desk.longest)
        await waiting[1]
        return seen

    assert virtual_loop.run(main()) == [30, 20]


@given(st.lists(st.tuples(st.sampled_from(["enter", "cancel"]), st.integers(0, 9), st.sampled_from(Priority))))
def test_the_longest_wait_is_that_by_hand(steps: list[tuple[str, int, Priority]]) -> None:
    async def main() -> None:
        desk, loop = Desk(1), virtual_loop.loop()
        await desk.send(NORMAL)
        since = dict[asyncio.Task[None], float]()
        for step, number, priority in steps:
            if step == "enter":
                since[asyncio.create_task(desk.send(priority))] = loop.time()
            elif since:
                leaving = list(since)[number % len(since)]
                leaving.cancel()
                del since[leaving]
            await tick()
            await asyncio.sleep(number / 100)
            longest = max((loop.time() - began for began in since.values()), default=0.0)
            assert desk.longest == pytest.approx(longest, abs=0.001)
        for task in since:
            task.cancel()
        await asyncio.gather(*since, return_exceptions=True)

    virtual_loop.run(main())
