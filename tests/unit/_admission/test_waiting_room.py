"""The waiting room under attack, on virtual time: newcomers, retries, cancels and stops at any moment.

The rooms over a store in memory, of one event loop or two, are watched whenever anything may have changed: nobody is
still there whose own limits, pace and connections would let it go, whatever the other clients of the key wait for.
Several rooms over one store far away, as in several processes, are judged by what may be said of them all the same.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from customersms_async import Limit, Priority
from customersms_async._admission.max_wait import ROUND_TRIP
from customersms_async._admission.room import Room
from customersms_async._admission.ticket import Expired, Ticket
from support import virtual_loop
from support.quota_oracle import Oracle
from support.slow_store import FarStore
from support.waiting_hall import (
    HOLD_US,
    KEY,
    SLACK,
    TRIP,
    Client,
    Hall,
    Visit,
    come,
    play,
    sizes,
    terms_of,
    three_clients,
    visits,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customersms_async._admission.terms import Needs, Terms
    from customersms_async._core.layers import Layer, Usage, Wait
    from support.quota_oracle import Token


class WatchedStore:
    """A store in memory with the oracle beside it: nobody is let in without a token, or kept waiting with one.

    ``halls`` are those whose rooms ask it.
    """

    in_process = True

    def __init__(self) -> None:
        self.near, self.oracle = virtual_loop.loop().quota(), Oracle()
        self.halls: list[WatchedHall] = []
        self._tokens: dict[int, Token] = {}

    async def take(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        raise NotImplementedError

    def take_now(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        asked = [ticket for hall in self.halls for ticket in hall.asked()]
        assert len(asked) == 1 or not all(any(hall.room.waiting.values()) for hall in self.halls), "a newcomer"
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
        for hall in self.halls:
            hall.forecast_is_asked_for()
        return self.near.forecast_now_us(key_id, line)

    async def usage(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        return await self.near.usage(key_id, layers)


class WatchedHall(Hall):
    """A room that is looked at whenever a token or a turn comes back and after everything that anybody does.

    Rooms over one store stand for those of one key in several event loops.
    """

    def __init__(self, watched: WatchedStore, terms: list[Terms]) -> None:
        self.watched = watched
        super().__init__(watched, terms)
        self.bounds: dict[Ticket, list[tuple[int, int]]] = {}
        self.room = Room(watched, KEY, virtual_loop.loop(), self.tell_others)
        watched.halls.append(self)

    def tell_others(self) -> None:
        for hall in self.watched.halls:
            if hall is not self:
                hall.room.look_again()

    async def visit(self, visit: Visit) -> None:
        self.look_at_all_moments()
        try:
            await super().visit(visit)
        finally:
            self.look_at_all_moments()

    async def admit(self, ticket: Ticket, terms: Terms) -> int:
        loop = virtual_loop.loop()
        came, (least_us, most_us) = loop.time(), self.least_wait_us(ticket, terms)
        try:
            grant = await super().admit(ticket, terms)
        except Expired as expired:
            assert ticket.expires is not None
            if loop.time() - came < SLACK and ticket.expires - came > SLACK:
                assert self.is_too_long(ticket, came, most_us), "it was not sure to be too late"
            else:
                assert abs(loop.time() - max(came, ticket.expires)) < SLACK, "exactly when its time is over"
                bounds = [*self.bounds.pop(ticket, ()), self.least_wait_us(ticket, terms)]
                least_us, most_us = min(least for least, _ in bounds), max(most for _, most in bounds)
            assert least_us - 2 <= expired.wait_us <= most_us + 2  # noqa: PT017 - of any of many
            raise
        assert not self.is_too_long(ticket, came, least_us), (least_us, came, ticket.expires)
        return grant

    def forecast_is_asked_for(self) -> None:
        """Note the bounds of whose time is over: by the time they hear of it, somebody may have been let in."""
        now = virtual_loop.loop().time()
        for ticket, (terms, _) in self.stand.items():
            if ticket.expires is not None and abs(now - ticket.expires) < SLACK:
                self.bounds.setdefault(ticket, []).append(self.least_wait_us(ticket, terms))

    async def end(self, grant: int, *, never_left: bool) -> None:
        await super().end(grant, never_left=never_left)
        self.look_at_all_moments()

    @staticmethod
    def is_too_long(ticket: Ticket, came: float, wait_us: int) -> bool:
        return ticket.expires is not None and wait_us > 0 and came + wait_us / 1e6 > ticket.expires

    def least_wait_us(self, ticket: Ticket, terms: Terms) -> tuple[int, int]:
        """The bounds of the least wait: of everyone ahead, those who need the same go first, and the others may.

        Everyone held is answered now, and everyone ahead as soon as it is let in; and the pace of so many.
        """
        others = (t for t in self.standing() if t is not ticket)
        ahead = [t for t in others if t.priority <= ticket.priority - ticket.retried]
        alike = [t for t in ahead if self.needs(t) == terms.needs(ticket.priority)]
        if all(self.stand[t][0] is terms for t in ahead):
            alike = ahead
        return self.wait_behind_us(alike, ticket, terms), self.wait_behind_us(ahead, ticket, terms)

    def wait_behind_us(self, ahead: list[Ticket], ticket: Ticket, terms: Terms) -> int:
        ahead = sorted(ahead, key=lambda t: t.priority)
        line = [self.needs(t).layers for t in ahead]
        now_us = virtual_loop.loop().now_us()
        quota_us = self.watched.oracle.least_wait_of_last_us(now_us, [*line, terms.needs(ticket.priority).layers])
        paced = sum(self.needs(t).pace == terms.pace for t in ahead)
        return max(quota_us, self.room._pacer.wait_us(terms.pace, paced))

    def standing(self) -> list[Ticket]:
        return [ticket for ticket in self.stand if ticket.waits_for is not None]

    def needs(self, ticket: Ticket) -> Needs:
        return self.stand[ticket][0].needs(ticket.priority)

    def look_at_all_moments(self) -> None:
        loop, now_us = virtual_loop.loop(), virtual_loop.loop().now_us()
        layers = [layer for terms in self.terms for layer in (*terms.layers, *terms.bulk_layers)]
        for at_us in {now_us} | self.watched.oracle.moments_us(now_us, layers):
            loop.call_at(at_us / 1e6 + 20e-6, self.look)
        for terms in self.terms:
            loop.call_later(self.room._pacer.wait(terms.pace) + 20e-6, self.look)

    def look(self) -> None:
        """Whoever has a connection, a token and a turn should be gone by now, and have left them to nobody else."""
        for hall in self.watched.halls:
            for ticket in hall.standing():
                assert not hall.can_go(ticket), "it could go, and waits"

    def asked(self) -> list[Ticket]:
        """Who is asked for: of those who can go, the first."""
        dispatcher, standing = self.room._dispatcher, self.standing()
        asked = [t for t in standing if dispatcher.is_asking_for(t.waits_for)]  # type: ignore[arg-type]
        for other in standing:
            assert not (asked and other.comes_before(asked[0]) and self.can_go(other)), "it comes first, and could go"
        return asked

    def can_go(self, ticket: Ticket) -> bool:
        needs = self.needs(ticket)
        return (
            needs.connections.free(needs.priority)
            and self.room._pacer.is_ready(needs.pace)
            and self.watched.oracle.admits(virtual_loop.loop().now_us(), needs.layers)
        )


FIRST = Visit(Priority.URGENT, 0, 0, 0, 0, 0, 0, never_leaves=False, client=0)
ONE_IN = Client((Limit(1, 0.7),), 0.0, None, 0)


@settings(max_examples=300)
@given(st.lists(visits, max_size=20), three_clients, sizes, st.integers(0, 1_500), st.integers(1, 2))
@example(  # its time is over at the very moment at which the pause ends, and another takes the token
    [*[FIRST] * 5, FIRST._replace(at_ms=200, max_wait_ms=121, client=1)],
    [ONE_IN, *[ONE_IN._replace(limits=(Limit(1, 0.3),))] * 2],
    [1, 1, 1],
    321,
    1,
)
def test_a_room_lets_everybody_in_as_soon_as_its_own_terms_allow_and_in_order(
    schedule: list[Visit], clients: list[Client], sizes: list[int], pause_ms: int, event_loops: int
) -> None:
    async def main() -> None:
        watched = WatchedStore()
        halls: list[Hall] = [WatchedHall(watched, terms_of(clients, sizes)) for _ in range(event_loops)]
        for terms in halls[0].terms:
            await watched.usage(KEY, terms.layers)  # what is settled is known exactly for the windows asked for
        if pause_ms % 2:
            await watched.pause(KEY, pause_ms * 1_000)
        await play(halls, schedule)
        usage, _ = await watched.usage(KEY, halls[0].terms[0].layers)
        assert not any(one.used for one in usage)

    virtual_loop.run(main())


plain_visits = visits.map(lambda visit: visit._replace(cancel_ms=0, stop_ms=0, never_leaves=False, max_wait_ms=0))


@settings(max_examples=300)
@given(st.lists(plain_visits, max_size=12), plain_visits, st.integers(1, 2_500), three_clients, sizes)
def test_who_is_refused_at_once_would_not_have_been_let_in_in_time(
    schedule: list[Visit], last: Visit, max_wait_ms: int, clients: list[Client], sizes: list[int]
) -> None:
    """The same visits twice: with a ``max_wait`` for one of them, and without it."""

    async def main(max_wait_ms: int) -> float | None:
        """How long the last one waited for its first admission; None if it was refused at once."""
        loop = virtual_loop.loop()
        terms = terms_of(clients, sizes)
        hall = Hall(loop.quota(), terms)
        others = asyncio.create_task(come([hall], schedule))
        await asyncio.sleep(last.at_ms / 1e3)
        came = loop.time()
        ticket = Ticket(last.priority, came + max_wait_ms / 1e3 if max_wait_ms else None)
        try:
            grant = await hall.admit(ticket, terms[last.client])
        except Expired:
            waited = None if loop.time() - came < SLACK else loop.time() - came
        else:
            waited = loop.time() - came
            terms[last.client].connections.release(last.priority)
            await hall.end(grant, never_left=False)
        await others
        return waited

    if virtual_loop.run(main(max_wait_ms)) is None:
        waited = virtual_loop.run(main(0))
        assert waited is not None
        assert waited > max_wait_ms / 1e3 - SLACK


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
    three_clients,
    sizes,
    st.sampled_from([0.0, 0.0, 0.2, 0.5]),
    st.sampled_from([0.02, 0.2]),
)
def test_rooms_of_several_processes_lose_nobody_and_nothing_however_slow_and_faulty_their_store_is(
    seed: int,
    schedule: list[Visit],
    clients: list[Client],
    sizes: list[int],
    faults: float,
    longest: float,
) -> None:
    async def main() -> None:
        store = FarStore(random.Random(seed), longest=longest, faults=faults)
        pools = [terms_of(clients, sizes) for _ in range(2)]
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
        (terms,) = terms_of([Client((Limit(1, 9.997),), 0.0, None, 0)], [100, 100])
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
