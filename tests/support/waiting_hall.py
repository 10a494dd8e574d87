"""A waiting room and made-up visitors, who come, retry, are cancelled and are stopped at any moment of virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from customersms_async import Limit, Priority
from customersms_async._admission.room import Room
from customersms_async._admission.terms import Terms
from customersms_async._admission.ticket import Expired, Stopped, Ticket
from customersms_async._http.connections import Connections, LoopConnections
from customersms_async.errors import QuotaStoreError
from support import virtual_loop

if TYPE_CHECKING:
    from customersms_async.quota import QuotaStore

KEY = "key"
HOLD_US = 2_000_000
TRIP = 0.25
"""Seconds: the longest way to a far store and back, and a little more."""

SLACK = 5e-6
"""Seconds: the virtual clock is a float, and each timer may be a rounding late."""


class Visit(NamedTuple):
    """Somebody who comes, and what becomes of it unless it is let in first; times in milliseconds, 0 for never."""

    priority: Priority
    at_ms: int
    max_wait_ms: int
    cancel_ms: int
    stop_ms: int
    lasts_ms: int
    retries: int
    never_leaves: bool
    client: int


never_or = st.one_of(st.just(0), st.just(0), st.integers(1, 150), st.integers(1, 2_500))
visits = st.builds(
    Visit,
    st.sampled_from(Priority),
    st.integers(0, 3_000).map(lambda ms: ms // 50 * 50),
    never_or,
    never_or,
    st.one_of(st.just(0), never_or),
    st.integers(0, 400),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.sampled_from([False, False, False, True]),
    st.integers(0, 2),
)


class Client(NamedTuple):
    """One of the clients of a key: its options, and which of the pools its requests go through."""

    limits: tuple[Limit, ...]
    reserve: float
    pace: Limit | None
    pool: int


limit_sets = st.lists(
    st.builds(Limit, st.integers(1, 4), st.sampled_from([0.3, 0.7, 1.0])), min_size=1, max_size=2
).map(tuple)
clients = st.builds(
    Client,
    limit_sets,
    st.sampled_from([0.0, 0.3, 0.5]),
    st.sampled_from([None, None, Limit(5, 1), Limit(1, 0.8)]),
    st.integers(0, 1),
)
three_clients = st.one_of(
    st.lists(clients, min_size=3, max_size=3),
    clients.map(lambda one: [one._replace(pool=pool) for pool in (0, 1, 1)]),
)
sizes = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 8)).map(list)


class Hall:
    """One room and its visitors."""

    def __init__(self, store: QuotaStore, terms: list[Terms]) -> None:
        self.store, self.terms = store, terms
        self.room = Room(store, KEY, virtual_loop.loop())
        self.stand: dict[Ticket, tuple[Terms, float]] = {}

    async def visit(self, visit: Visit) -> None:
        loop, terms = virtual_loop.loop(), self.terms[visit.client]
        expires = loop.time() + visit.max_wait_ms / 1e3 if visit.max_wait_ms else None
        ticket = Ticket(visit.priority, expires)
        if visit.stop_ms:
            loop.call_later(visit.stop_ms / 1e3, ticket.stop, "STOPPED")
        for _ in range(visit.retries + 1):
            try:
                grant = await self.admit(ticket, terms)
            except Stopped:
                assert ticket.stopped is not None
                return
            except Expired:
                return
            try:
                await asyncio.sleep(visit.lasts_ms / 1e3)
            finally:
                terms.connections.release(ticket.priority)
                await asyncio.shield(self.end(grant, never_left=visit.never_leaves))

    async def admit(self, ticket: Ticket, terms: Terms) -> int:
        self.stand[ticket] = terms, virtual_loop.loop().time()
        try:
            grant, _ = await self.room.admit(ticket, terms, HOLD_US)
        finally:
            del self.stand[ticket]
        return grant

    async def end(self, grant: int, *, never_left: bool) -> None:
        with contextlib.suppress(QuotaStoreError):  # then it lapses
            await (self.room.give_back(grant) if never_left else self.store.settle(KEY, grant))


async def come(halls: list[Hall], schedule: list[Visit]) -> None:
    """Let all of them come at their moments, and wait until all have gone."""
    loop, tasks = virtual_loop.loop(), []
    began = loop.time()
    for number, visit in enumerate(sorted(schedule, key=lambda one: one.at_ms)):
        await asyncio.sleep(max(0.0, began + visit.at_ms / 1e3 - loop.time()))
        task = asyncio.create_task(halls[number % len(halls)].visit(visit))
        if visit.cancel_ms:
            loop.call_later(visit.cancel_ms / 1e3, task.cancel)
        tasks.append(task)
        for _ in range(number % 3):
            await asyncio.sleep(0)
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if result is not None and not isinstance(result, asyncio.CancelledError):
            raise result


async def play(halls: list[Hall], schedule: list[Visit]) -> None:
    """Have nothing left behind by a whole schedule."""
    await come(halls, schedule)
    await asyncio.sleep(10)
    assert len(asyncio.all_tasks()) == 1, "no task outlives those who wait"
    for hall in halls:
        assert not any(hall.room.waiting.values())
        for terms in hall.terms:
            assert all(terms.connections.free(priority) for priority in Priority)
            assert terms.connections.waiting == terms.connections._taken == terms.connections._bulk == 0
            assert terms.connections._promised == terms.connections._all._taken == terms.connections._all._bulk == 0


def terms_of(clients: list[Client], sizes: list[int]) -> list[Terms]:
    """Each client's terms; of ``sizes``, the last is how many connections all pools have together."""
    *sizes, most = sizes
    together = LoopConnections(most)
    pools = [Connections(size, together) for size in sizes]
    return [Terms.of(one.limits, one.reserve, one.pace, pools[one.pool]) for one in clients]
