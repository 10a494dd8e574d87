"""The waiting room of one key: who may send next, decided in one place.

The first waiter (by priority, then by arrival) is let go when a connection, its turn in the pace and a token of every
layer are all there; nobody holds one of them while waiting for another, and only the dispatcher waits for the pace.
The dispatcher is a task that lives while somebody waits, so an idle client costs nothing. Rejected: a limiter awaited
by every waiter (a herd at each wake-up, and an urgent one can't overtake), tokens taken before a connection is free.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from bisect import bisect_left
from collections import Counter
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, final

import msgspec
from aiolimiter import AsyncLimiter

from .buckets import Layer, Wait, layers
from .clock import now_us
from .models import Limit, Priority
from .ticket import Admission, Expired, Ticket, finish

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from .connections import Connections
    from .quota import QuotaStore

LONGEST_SLEEP_US = 60_000_000
"""Timers stand still while a machine sleeps and the quota's clock does not, so a long wait is looked at again."""


class Terms(msgspec.Struct, frozen=True, eq=False):
    """What one client asks of the room, made once: its limits as layers, for BULK and for others, and its pace."""

    layers: tuple[Layer, ...]
    bulk_layers: tuple[Layer, ...]
    pace: Limit | None
    connections: Connections

    @classmethod
    def of(cls, limits: tuple[Limit, ...], reserve: float, pace: Limit | None, connections: Connections) -> Terms:
        """The terms of a client with these options."""
        return cls(layers(limits), layers(limits, reserve), pace, connections)

    def layers_for(self, priority: Priority) -> tuple[Layer, ...]:
        """The layers that judge a request: BULK leaves the reserve to the others."""
        return self.bulk_layers if priority is Priority.BULK else self.layers


@final
class _Waiter:
    __slots__ = ("future", "hold_us", "priority", "terms")

    def __init__(self, loop: asyncio.AbstractEventLoop, priority: Priority, terms: Terms, hold_us: int) -> None:
        self.future: asyncio.Future[Admission | None] = loop.create_future()
        self.priority = priority
        self.terms = terms
        self.hold_us = hold_us


_Entry = tuple[Priority, int, _Waiter]


@final
class Room:
    """The waiters of one key in one event loop. All of its methods run in that loop.

    Mutable state: a line (a heap by priority and number) for each HTTP pool, how many wait in them on which terms,
    the pace's limiters, of which some may have a turn in hand, and the dispatcher with the future that it sleeps on
    or the waiter that it asks the store for. Waiters who left stay in their line until they come to its head or make
    up half of it.
    """

    def __init__(self, store: QuotaStore, key_id: str, loop: asyncio.AbstractEventLoop) -> None:
        self.store = store
        self.key_id = key_id
        self.loop = loop
        self._lines: dict[Connections, list[_Entry]] = {}
        self._waiting: Counter[tuple[Priority, Terms]] = Counter()
        self._paces: dict[Limit, AsyncLimiter] = {}
        self._turns: set[Limit] = set()
        self._dispatcher: asyncio.Task[None] | None = None
        self._sleep: asyncio.Future[Admission | None] | None = None
        self._serving: _Waiter | None = None
        self._errands: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> dict[Priority, int]:
        """How many requests wait, by priority."""
        counts = dict.fromkeys(Priority, 0)
        for (priority, _), count in self._waiting.items():
            counts[priority] += count
        return counts

    async def admit(self, ticket: Ticket, terms: Terms, hold_us: int) -> Admission:
        """Wait for the ticket's turn; then one connection and the granted tokens are the caller's.

        The request settles ``hold_us`` from its grant unless it is settled or given back before. Raises ``Expired``
        at once if the ticket can't be let in in time, or when its time is over, and ``Stopped`` if it is stopped.
        A cancelled call leaves nothing taken and nobody's place changed.
        """
        if ticket.expires is not None:
            wait_us = await self._least_wait_us(ticket, terms)
            if wait_us and self.loop.time() + wait_us / 1e6 > ticket.expires:
                raise Expired(wait_us)
        waiter = _Waiter(self.loop, ticket.priority, terms, hold_us)
        timer = None if ticket.expires is None else self.loop.call_at(ticket.expires, self._expire, waiter)
        self._enter(waiter, ticket.number)
        try:
            admission = await ticket.wait(waiter.future)
        except BaseException:
            self._leave(waiter)
            raise
        finally:
            if timer is not None:
                timer.cancel()
        if admission is None:
            self._leave(waiter)
            raise Expired(await self._least_wait_us(ticket, terms))
        ticket.retried = True
        return admission

    def _expire(self, waiter: _Waiter) -> None:
        if self._serving is waiter:  # a store's round trip is no reason to fail
            self.loop.call_later(0.001, self._expire, waiter)
        else:
            finish(waiter.future)

    async def _least_wait_us(self, ticket: Ticket, terms: Terms) -> int:
        """At least so long, if the ticket stood behind all of its priority; before them all if it was let in before."""
        last = ticket.priority - ticket.retried
        ahead = sorted((p, id(t), t, n) for (p, t), n in self._waiting.items() if p <= last)
        line = [(t.layers_for(p), n) for p, _, t, n in ahead]
        wait_us = await self.store.forecast_us(self.key_id, [*line, (terms.layers_for(ticket.priority), 1)])
        return max(wait_us, self._paced_us(terms.pace, sum(n for _, _, t, n in ahead if t.pace == terms.pace)))

    def _paced_us(self, pace: Limit | None, ahead: int) -> int:
        """How long the pace alone makes a newcomer wait behind ``ahead`` others; to a hundredth of a turn."""
        if pace is None:
            return 0
        limiter, turns = self._limiter(pace), 100 * pace.requests
        free = bisect_left(range(turns), True, key=lambda part: not limiter.has_capacity((part + 1) / 100)) / 100
        missing = ahead + 1 - free - (pace in self._turns)
        return max(0, round(missing * pace.seconds / pace.requests * 1e6))

    def _enter(self, waiter: _Waiter, number: int) -> None:
        line = self._lines.setdefault(waiter.terms.connections, [])
        heappush(line, (waiter.priority, number, waiter))
        self._waiting[waiter.priority, waiter.terms] += 1
        if self._dispatcher is None or line[0][2] is waiter:
            self.kick()

    def _leave(self, waiter: _Waiter) -> None:
        """Undo ``_enter``, and the grant as well if it came at the same moment."""
        future = waiter.future
        if future.done() and not future.cancelled() and future.exception() is None and (let_in := future.result()):
            waiter.terms.connections.release(waiter.priority)
            self.run(self.store.give_back(self.key_id, let_in.grant))
            return
        self._count_out(waiter)
        future.cancel()
        line = self._lines.get(waiter.terms.connections, [])
        if len(line) > 2 * sum(self._waiting.values()) + 64:
            line[:] = [entry for entry in line if not entry[2].future.done()]
            heapify(line)
        self.kick()

    def _count_out(self, waiter: _Waiter) -> None:
        key = (waiter.priority, waiter.terms)
        self._waiting[key] -= 1
        if not self._waiting[key]:
            del self._waiting[key]

    def run(self, errand: Coroutine[Any, Any, None]) -> None:
        """Have the store called by a task of the room's own, for callers that are being cancelled."""
        task = self.loop.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def kick(self) -> None:
        """Something changed: have the dispatcher look again."""
        if self._dispatcher is None:
            if self._waiting:
                self._dispatcher = self.loop.create_task(self._dispatch())
        elif self._sleep is not None:
            finish(self._sleep)

    def offer(self, connections: Connections) -> bool:
        """Hear that a connection is free; false if nobody here wants it any more."""
        if self._head(connections) is None:
            return False
        self.kick()
        return True

    def _kick_from_anywhere(self) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.kick)

    async def _dispatch(self) -> None:
        try:
            while (waiter := self._first()) is not None:
                await self._serve(waiter)
        finally:
            self._dispatcher = None

    async def _serve(self, waiter: _Waiter) -> None:
        """One step towards letting the first waiter go; then look again who is first."""
        pace = waiter.terms.pace
        if pace is not None and pace not in self._turns:
            await self._limiter(pace).acquire()
            self._turns.add(pace)
            return
        asked_us = now_us()
        self._serving = waiter
        try:
            granted = await self.store.take(
                self.key_id, waiter.terms.layers_for(waiter.priority), waiter.hold_us, self._kick_from_anywhere
            )
        except Exception as error:  # noqa: BLE001 - a store's errors are the waiter's to hear, not the dispatcher's
            if not waiter.future.done():
                waiter.future.set_exception(error)
            return
        finally:
            self._serving = None
        if isinstance(granted, Wait):
            waiter.terms.connections.pass_on()
            await self._sleep_us(granted.wait_us)
        elif waiter.future.done() or not waiter.terms.connections.free(waiter.priority):  # while the store was asked
            await self.store.give_back(self.key_id, granted)
        else:
            if pace is not None:
                self._turns.discard(pace)
            waiter.terms.connections.take(waiter.priority)
            waiter.future.set_result(Admission(granted, asked_us))
            self._count_out(waiter)
            waiter.terms.connections.pass_on()

    def _first(self) -> _Waiter | None:
        """The first waiter whose pool has a connection for it; the room is told of the others' when it comes."""
        first: _Entry | None = None
        for connections in tuple(self._lines):
            head = self._head(connections)
            if head is None:
                connections.pass_on()  # it may have been offered to us
            elif not connections.free(head[0]):
                connections.want(self, head[0])
            elif first is None or head < first:
                first = head
        return first and first[2]

    def _head(self, connections: Connections) -> _Entry | None:
        """The first waiter for this pool; those before it who have left are dropped."""
        line = self._lines.get(connections, [])
        while line and line[0][2].future.done():
            heappop(line)
        if line:
            return line[0]
        self._lines.pop(connections, None)
        return None

    def _limiter(self, pace: Limit) -> AsyncLimiter:
        limiter = self._paces.get(pace)
        if limiter is None:
            limiter = self._paces[pace] = AsyncLimiter(pace.requests, pace.seconds)
        return limiter

    async def _sleep_us(self, wait_us: int) -> None:
        self._sleep = future = self.loop.create_future()
        timer = self.loop.call_later(min(wait_us, LONGEST_SLEEP_US) / 1e6, finish, future)
        try:
            await future
        finally:
            timer.cancel()
            self._sleep = None


_rooms: weakref.WeakValueDictionary[tuple[int, str, int], Room] = weakref.WeakValueDictionary()
_rooms_lock = threading.Lock()


def room(store: QuotaStore, key_id: str) -> Room:
    """The waiting room of this store and key in the running event loop, for as long as anyone holds it."""
    loop = asyncio.get_running_loop()
    with _rooms_lock:
        found = _rooms.get((id(store), key_id, id(loop)))
        if found is None:
            found = _rooms[id(store), key_id, id(loop)] = Room(store, key_id, loop)
        return found
