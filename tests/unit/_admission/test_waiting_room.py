"""The waiting room under attack, on virtual time: newcomers, retries, cancels and stops at any moment.

One room over a store in memory is watched whenever anything may have changed: if its first waiter could go, it is gone.
Several rooms over one store far away, as in several processes, are judged by what may be said of them all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customersms_async import Limit, Priority
from customersms_async._admission.max_wait import ROUND_TRIP
from customersms_async._admission.room import Room
from customersms_async._admission.ticket import Expired, Stopped, Terms, Ticket
from customersms_async._http.connections import Connections
from customersms_async.errors import QuotaStoreError
from support import virtual_loop
from support.quota_oracle import Oracle
from support.slow_store import FarStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customersms_async._core.layers import Layer, Usage, Wait
    from customersms_async.quota import QuotaStore
    from support.quota_oracle import Token

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
    pool: int


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
    st.integers(0, 1),
)
limit_sets = st.lists(st.builds(Limit, st.integers(1, 4), st.sampled_from([0.3, 0.7, 1.0])), min_size=1, max_size=2)
sizes = st.lists(st.integers(1, 4), min_size=2, max_size=2)
paces = st.sampled_from([None, None, Limit(5, 1)])
reserves = st.sampled_from([0.0, 0.3, 0.5])


class Hall:
    """One room and its visitors."""

    def __init__(self, store: QuotaStore, terms: list[Terms]) -> None:
        self.store, self.terms = store, terms
        self.room = Room(store, KEY, virtual_loop.loop())
        self.stand: dict[Ticket, tuple[Terms, float]] = {}

    async def visit(self, visit: Visit) -> None:
        loop, terms = virtual_loop.loop(), self.terms[visit.pool]
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


async def play(halls: list[Hall], schedule: list[Visit]) -> None:
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
        assert result is None or isinstance(result, asyncio.CancelledError), repr(result)
    await asyncio.sleep(10)
    assert len(asyncio.all_tasks()) == 1, "no task outlives those who wait"
    for hall in halls:
        assert not any(hall.room.waiting.values())
        for terms in hall.terms:
            assert all(terms.connections.free(priority) for priority in Priority)
            assert terms.connections.waiting == terms.connections._taken == terms.connections._bulk == 0


def terms_of(limits: list[Limit], reserve: float, pace: Limit | None, sizes: list[int]) -> list[Terms]:
    return [Terms.of(tuple(limits), reserve, pace, Connections(size)) for size in sizes]


class WatchedStore:
    """A store in memory with the oracle beside it: nobody is let in without a token, or kept waiting with one."""

    in_process = True

    def __init__(self) -> None:
        self.near, self.oracle = virtual_loop.loop().quota(), Oracle()
        self._tokens: dict[int, Token] = {}

    async def take(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        return self.take_now(key_id, layers, hold_us)

    def take_now(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        now_us = virtual_loop.loop().now_us()
        taken = self.near.take_now(key_id, layers, hold_us)
        assert isinstance(taken, int) is self.oracle.admits(now_us, layers)
        if isinstance(taken, int):
            self._tokens[taken] = self.oracle.grant(now_us, hold_us)
        return taken

    async def settle(self, key_id: str, request: int) -> None:
        await self.near.settle(key_id, request)
        self.oracle.settle(virtual_loop.loop().now_us(), self._tokens.pop(request))

    async def give_back(self, key_id: str, request: int) -> None:
        await self.near.give_back(key_id, request)
        self.oracle.give_back(virtual_loop.loop().now_us(), self._tokens.pop(request))

    async def renew(self, key_id: str, request: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        raise NotImplementedError

    async def pause(self, key_id: str, pause_us: int) -> None:
        await self.near.pause(key_id, pause_us)
        self.oracle.pause(virtual_loop.loop().now_us(), pause_us)

    async def forecast_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        return self.forecast_now_us(key_id, line)

    def forecast_now_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        return self.near.forecast_now_us(key_id, line)

    async def usage(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        return await self.near.usage(key_id, layers)


class WatchedHall(Hall):
    """A room that is looked at whenever a token comes back and after everything that anybody does."""

    def __init__(self, terms: list[Terms]) -> None:
        self.watched = WatchedStore()
        super().__init__(self.watched, terms)

    async def visit(self, visit: Visit) -> None:
        self.look_at_all_moments()
        try:
            await super().visit(visit)
        finally:
            self.look_at_all_moments()

    async def admit(self, ticket: Ticket, terms: Terms) -> int:
        loop = virtual_loop.loop()
        came, least_us = loop.time(), self.least_wait_us(ticket, terms)
        too_long = ticket.expires is not None and least_us > 0 and came + least_us / 1e6 > ticket.expires
        try:
            grant = await super().admit(ticket, terms)
        except Expired as expired:
            assert ticket.expires is not None
            if too_long:
                assert loop.time() - came < SLACK, "at once"
                assert abs(expired.wait_us - least_us) <= 2  # noqa: PT017 - of any of many
            else:
                assert abs(loop.time() - max(came, ticket.expires)) < SLACK, "exactly when its time is over"
                assert abs(expired.wait_us - self.least_wait_us(ticket, terms)) <= 2  # noqa: PT017
            raise
        assert not too_long, (least_us, came, ticket.expires)
        return grant

    async def end(self, grant: int, *, never_left: bool) -> None:
        await super().end(grant, never_left=never_left)
        self.look_at_all_moments()

    def least_wait_us(self, ticket: Ticket, terms: Terms) -> int:
        """Everyone held is answered now, and everyone ahead as soon as it is let in; and the pace of so many."""
        ahead = [t for t in self.standing() if t.priority <= ticket.priority - ticket.retried]
        line = [self.stand[t][0].layers_for(t.priority) for t in sorted(ahead, key=lambda t: t.priority)]
        now_us = virtual_loop.loop().now_us()
        quota_us = self.watched.oracle.least_wait_of_last_us(now_us, [*line, terms.layers_for(ticket.priority)])
        return max(quota_us, self.room._pacer.wait_us(terms.pace, len(line)))

    def standing(self) -> list[Ticket]:
        return [ticket for ticket in self.stand if ticket.waits_for is not None]

    def look_at_all_moments(self) -> None:
        loop, now_us = virtual_loop.loop(), virtual_loop.loop().now_us()
        moments = {now_us} | self.watched.oracle.moments_us(now_us, [*self.terms[0].layers, *self.terms[0].bulk_layers])
        for at_us in moments:
            loop.call_at(at_us / 1e6 + 20e-6, self.look)

    def look(self) -> None:
        """If the first for whom a connection is free has its token and its turn, it should be gone by now."""
        ready = [t for t in self.standing() if self.stand[t][0].connections.free(t.priority)]
        blocked = [t for t in self.standing() if t not in ready]
        heads = [t for t in ready if not any(self.same_pool(t, b) and b.comes_before(t) for b in blocked)]
        if heads:
            first = min(heads, key=lambda t: (t.priority, t.number))
            terms = self.stand[first][0]
            assert not (
                self.watched.oracle.admits(virtual_loop.loop().now_us(), terms.layers_for(first.priority))
                and self.room._pacer.is_ready(terms.pace)
            ), "it could go, and waits"

    def same_pool(self, one: Ticket, other: Ticket) -> bool:
        return self.stand[one][0] is self.stand[other][0]


@settings(max_examples=300)
@given(st.lists(visits, max_size=20), limit_sets, reserves, paces, sizes, st.integers(0, 1_500))
def test_one_room_lets_everybody_in_at_the_first_moment_and_in_order(
    schedule: list[Visit], limits: list[Limit], reserve: float, pace: Limit | None, sizes: list[int], pause_ms: int
) -> None:
    async def main() -> None:
        hall = WatchedHall(terms_of(limits, reserve, pace, sizes))
        if pause_ms % 2:
            await hall.watched.pause(KEY, pause_ms * 1_000)
        await play([hall], schedule)
        usage, _ = await hall.watched.usage(KEY, hall.terms[0].layers)
        assert not any(one.used for one in usage)

    virtual_loop.run(main())


class FarHall(Hall):
    """A room of one of several processes."""

    store: FarStore

    async def admit(self, ticket: Ticket, terms: Terms) -> int:
        loop = virtual_loop.loop()
        came = loop.time()
        try:
            grant = await super().admit(ticket, terms)
        except Expired as expired:
            assert ticket.expires is not None
            now, then = loop.time(), loop.time() + expired.wait_us / 1e6 + TRIP
            assert now <= max(came, ticket.expires) + ROUND_TRIP + TRIP, "when its time is over, and a round trip later"
            assert now >= ticket.expires or then > ticket.expires, "or if it can't be"
            raise
        assert grant in self.store.out, "the store granted it, and nobody gave it back"
        asked = self.store.asked_at[grant]
        for other, (others_terms, since) in self.stand.items():
            if others_terms is terms and other.waits_for is not None and since < asked:
                assert not other.comes_before(ticket), "the first of the most urgent is the one who is asked for"
        return grant


@settings(max_examples=300)
@given(
    st.integers(0, 2**32),
    st.lists(visits, max_size=20),
    limit_sets,
    reserves,
    paces,
    sizes,
    st.sampled_from([0.0, 0.0, 0.2, 0.5]),
    st.sampled_from([0.02, 0.2]),
)
def test_rooms_of_several_processes_lose_nobody_and_nothing_however_slow_and_faulty_their_store_is(
    seed: int,
    schedule: list[Visit],
    limits: list[Limit],
    reserve: float,
    pace: Limit | None,
    sizes: list[int],
    faults: float,
    longest: float,
) -> None:
    async def main() -> None:
        store = FarStore(random.Random(seed), longest=longest, faults=faults)
        pools = [terms_of(limits, reserve, pace, sizes) for _ in range(2)]
        halls = [FarHall(store, terms) for terms in (*pools, pools[0])]  # two keys may share an HTTP pool
        await play([*halls], schedule)
        assert not store.out, "every request was settled or given back"
        usage, _ = await store.near.usage(KEY, halls[0].terms[0].layers)
        assert not any(one.used for one in usage)

    virtual_loop.run(main())


MOMENTS = [(0.0, steps) for steps in range(3)] + [(1.0, 0)] + [(10.0, steps) for steps in range(8)]
"""Seconds and further steps of the loop; the token that all wait for is back at 10 s."""


@pytest.mark.parametrize("far", [False, True])
def test_no_waiter_ever_loses_a_place_whenever_a_newcomer_comes_and_whoever_is_cancelled(far: bool) -> None:
    """All moments of a newcomer, of a cancel, and all who may be cancelled: those who are left go in their order."""

    async def main(comes: tuple[float, int], goes: tuple[float, int], gone: int) -> list[str]:
        loop = virtual_loop.loop()
        store = FarStore(random.Random(1)) if far else loop.quota()
        (terms,) = terms_of([Limit(1, 9.997)], 0.0, None, [100])
        room, order = Room(store, KEY, loop), []
        began = loop.time()

        async def send(name: str, at: tuple[float, int] = (0.0, 0)) -> None:
            await reach(at)
            grant, _ = await room.admit(Ticket(Priority.NORMAL), terms, HOLD_US)
            order.append(name)
            terms.connections.release(Priority.NORMAL)
            await asyncio.shield(store.settle(KEY, grant))

        async def reach(at: tuple[float, int]) -> None:
            await asyncio.sleep(max(0.0, began + at[0] - loop.time()))
            for _ in range(at[1]):
                await asyncio.sleep(0)

        await send("first")
        began = loop.time()
        tasks = [asyncio.create_task(send(name)) for name in ("a", "b", "c")]
        tasks.append(asyncio.create_task(send("newcomer", comes)))
        await reach(goes)
        if gone < len(tasks):
            tasks[gone].cancel()
        await asyncio.wait(tasks)
        return order

    everyone = ["first", "a", "b", "c", "newcomer"]
    for comes, goes, gone in itertools.product(MOMENTS, MOMENTS, range(5)):
        order = virtual_loop.run(main(comes, goes, gone))
        assert order == [name for name in everyone if name in order]
        assert set(everyone) - set(order) <= set(everyone[1 + gone : 2 + gone]), "only who was cancelled is missing"
