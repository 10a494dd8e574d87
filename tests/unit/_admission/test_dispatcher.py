"""The dispatcher of a room whose store is far away: what happens while the store is being asked."""

from __future__ import annotations

import asyncio
import random

import pytest

from customersms_async import Limit, Priority
from customersms_async._admission.room import Room
from customersms_async._admission.terms import Terms
from customersms_async._admission.ticket import Ticket
from customersms_async._http.connections import Connections
from support import virtual_loop
from support.slow_store import FarStore

HOLD_US = 30_000_000
WINDOW = 10.0
SEEDS = range(20)
"""Of ways to the store and back that take different times."""


class Desk:
    """A room over a store that is up to half a second away, and one client's terms."""

    def __init__(self, seed: int, requests: int, reserve: float) -> None:
        self.store = FarStore(random.Random(seed), longest=1.0)
        self.room = Room(self.store, "key", virtual_loop.loop())
        self.terms = Terms.of((Limit(requests, WINDOW),), reserve, None, Connections(9))

    async def admitted(self, priority: Priority) -> tuple[int, float]:
        """The grant, and when it came."""
        grant, _ = await self.room.admit(Ticket(priority), self.terms, HOLD_US)
        return grant, virtual_loop.loop().time()

    async def told_to_wait(self, waiter: asyncio.Task[tuple[int, float]]) -> None:
        """Come back when the store has decided that the first waiter has to wait, and its answer is on the way."""
        near, decided = self.store.near, asyncio.Event()
        take = near.take

        async def noting(*asked: object) -> object:
            try:
                return await take(*asked)  # type: ignore[arg-type]  # passed through
            finally:
                decided.set()

        near.take = noting  # type: ignore[assignment,method-assign]  # a wrapper of the same shape
        await decided.wait()
        assert not waiter.done()


@pytest.mark.parametrize("urgency", [Priority.URGENT, Priority.NORMAL])
def test_an_urgent_one_who_comes_while_the_store_is_asked_for_bulk_does_not_wait_for_the_next_bulk_token(
    urgency: Priority,
) -> None:
    async def main(seed: int) -> float:
        desk, began = Desk(seed, 2, 0.5), virtual_loop.loop().time()
        await desk.admitted(Priority.BULK)
        bulk = asyncio.create_task(desk.admitted(Priority.BULK))
        await desk.told_to_wait(bulk)
        _, at = await desk.admitted(urgency)
        bulk.cancel()
        await asyncio.wait([bulk])
        return at - began

    assert all(virtual_loop.run(main(seed)) < WINDOW / 2 for seed in SEEDS)


def test_a_token_that_comes_back_while_the_store_is_asked_is_not_waited_for() -> None:
    async def main(seed: int) -> float:
        desk, began = Desk(seed, 1, 0.0), virtual_loop.loop().time()
        grant, _ = await desk.admitted(Priority.NORMAL)
        waiting = asyncio.create_task(desk.admitted(Priority.NORMAL))
        await desk.told_to_wait(waiting)
        desk.store.longest = 0.0
        await desk.room.give_back(grant)  # on a faster way
        _, at = await waiting
        return at - began

    assert all(virtual_loop.run(main(seed)) < WINDOW / 2 for seed in SEEDS)
