"""The waiting room of one key: who may send next, decided in one place.

The first waiter (by priority, then by arrival) is let go when a connection, its turn in the pace and a token of every
layer are all there; nobody holds one of them while waiting for another, and only the dispatcher waits for the pace.
The dispatcher is a task that lives while somebody waits, so an idle client costs nothing, and of each process only one
at a time asks a shared store. Rejected: a limiter awaited by every waiter (a herd at each wake-up, and an urgent one
can't overtake), tokens taken before a connection is free.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import weakref
from collections import Counter
from typing import TYPE_CHECKING, Final, final

import msgspec

from .buckets import Layer, Wait, layers
from .clock import now_us
from .errors import QuotaStoreError
from .models import Limit, Priority
from .paces import Paces
from .ticket import Admission, Expired, Line, Stopped, Ticket, finish

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from .connections import Connections
    from .quota import QuotaStore

log = logging.getLogger("customersms_async")

LONGEST_SLEEP_US: Final = 60_000_000
"""Timers stand still while a machine sleeps and the quota's clock does not, so a long wait is looked at again."""

JITTER_US: Final = 20_000
"""Processes that were told to wait for the same token ask for it again at moments spread over so much."""

ROUND_TRIP: Final = 0.5
"""Seconds: who is being asked for when ``max_wait`` is over still gets the answer, if it comes within these."""

RETRY_US: Final = (50_000, 1_000_000)
"""A store that can't be asked is tried again after the first, then after twice as long each time, up to the second."""


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
class Room:
    """The waiters of one key in one event loop. All of its methods but ``look_again`` run in that loop.

    Mutable state: for each HTTP pool a line of each priority; how many wait in them on which terms; the paces; the
    dispatcher with the future that it sleeps on, the ticket that it asks the store for, the one that the store told to
    wait, and until when; how often the store has now failed, and why.
    """

    def __init__(self, store: QuotaStore, key_id: str, loop: asyncio.AbstractEventLoop) -> None:
        self.store = store
        self.key_id = key_id
        self.loop = loop
        self._lines: dict[Connections, tuple[Line, ...]] = {}
        self._waiting: Counter[tuple[Priority, Terms]] = Counter()
        self._paces = Paces()
        self._dispatcher: asyncio.Task[None] | None = None
        self._sleep: asyncio.Future[Admission | None] | None = None
        self._serving: Ticket | None = None
        self._told: Ticket | None = None
        self._ask_at = 0.0
        self._failures = 0
        self._trouble: str | None = None
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
        at once if the ticket can't be let in in time, or when its time is over, ``Stopped`` if it is stopped, and what
        the store raises. A cancelled call leaves nothing taken and nobody's place changed.
        """
        if ticket.stopped is not None:
            raise Stopped
        if self._is_idle(ticket, terms) and (passed := await self._pass(ticket, terms, hold_us)):
            return passed
        if ticket.expires is not None:
            await self._check_in_time(ticket, terms)
        future = self._enter(ticket, terms, hold_us)
        timer = None if ticket.expires is None else self.loop.call_at(ticket.expires, self._expire, ticket, future)
        try:
            admission = await future
        except BaseException:
            self._leave(ticket, future)
            raise
        finally:
            ticket.future = None
            if timer is not None:
                timer.cancel()
        if admission is None:
            self._leave(ticket, future)
            raise await self._expired(ticket, terms)
        return admission

    async def renew(self, grant: int, ticket: Ticket, terms: Terms, hold_us: int) -> int | Wait:
        """Give the grant back and take another: see ``QuotaStore.renew``."""
        renewed = await self.store.renew(self.key_id, grant, terms.layers_for(ticket.priority), hold_us)
        if isinstance(renewed, Wait):
            self._tell_all()
        return renewed

    async def give_back(self, grant: int) -> None:
        """Give back the tokens of a request that never left, and let all waiters of this process know."""
        await self.store.give_back(self.key_id, grant)
        self._tell_all()

    def look_again(self) -> None:
        """Hear, from any thread, that a token may be there sooner than the store said."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._forget_what_was_told)

    def run(self, errand: Coroutine[Any, Any, None]) -> None:
        """Have the store called by a task of the room's own, for callers that are being cancelled."""
        task = self.loop.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def offer(self, connections: Connections) -> bool:
        """Hear that a connection is free; false if nobody here wants it any more."""
        if self._head(connections) is None:
            return False
        self._kick()
        return True

    def _is_idle(self, ticket: Ticket, terms: Terms) -> bool:
        """Whether nobody waits, and all but the tokens is there: then no dispatcher is needed."""
        if self._waiting or not self.store.in_process:
            return False
        if terms.connections.waiting or not terms.connections.free(ticket.priority):
            return False
        return self._paces.is_ready(terms.pace)

    async def _pass(self, ticket: Ticket, terms: Terms, hold_us: int) -> Admission | None:
        """Take all that is needed if the tokens are there too; never suspends."""
        asked_us = now_us()
        granted = await self.store.take(self.key_id, terms.layers_for(ticket.priority), hold_us)
        if isinstance(granted, Wait):
            return None
        await self._paces.take_turn(terms.pace)
        return self._let_in(ticket, terms, granted, asked_us)

    def _let_in(self, ticket: Ticket, terms: Terms, granted: int, asked_us: int) -> Admission:
        self._paces.use_turn(terms.pace)
        terms.connections.take(ticket.priority)
        ticket.retried = True
        return Admission(granted, asked_us)

    async def _check_in_time(self, ticket: Ticket, terms: Terms) -> None:
        """Raise ``Expired`` if the least possible wait is too long.

        With nobody ahead, a shared store's first answer to the ticket itself will tell: one round trip fewer.
        """
        ticket.unchecked = not self._waiting and not self.store.in_process
        wait_us = self._paces.wait_us(terms.pace, 0)
        if not ticket.unchecked or self._is_too_long(ticket, wait_us):
            try:
                wait_us = await self._least_wait_us(ticket, terms)
            except QuotaStoreError as error:
                if not error.temporary:
                    raise
        if self._is_too_long(ticket, wait_us):
            raise Expired(wait_us)

    def _is_too_long(self, ticket: Ticket, wait_us: int) -> bool:
        return ticket.expires is not None and wait_us > 0 and self.loop.time() + wait_us / 1e6 > ticket.expires

    def _expire(self, ticket: Ticket, future: asyncio.Future[Admission | None]) -> None:
        if self._serving is ticket and self.loop.time() < (ticket.expires or 0.0) + ROUND_TRIP:
            self.loop.call_later(ROUND_TRIP / 100, self._expire, ticket, future)
        else:
            finish(future)

    async def _expired(self, ticket: Ticket, terms: Terms) -> Expired:
        try:
            if self._trouble is None:
                return Expired(await self._least_wait_us(ticket, terms))
        except QuotaStoreError as error:
            return Expired(RETRY_US[1], str(error))
        return Expired(RETRY_US[1], self._trouble)

    async def _least_wait_us(self, ticket: Ticket, terms: Terms) -> int:
        """At least so long, if the ticket stood behind all of its priority; before them all if it was let in before."""
        last = ticket.priority - ticket.retried
        ahead = sorted((p, id(t), t, n) for (p, t), n in self._waiting.items() if p <= last)
        line = [(t.layers_for(p), n) for p, _, t, n in ahead]
        wait_us = await self.store.forecast_us(self.key_id, [*line, (terms.layers_for(ticket.priority), 1)])
        return max(wait_us, self._paces.wait_us(terms.pace, sum(n for _, _, t, n in ahead if t.pace == terms.pace)))

    def _enter(self, ticket: Ticket, terms: Terms, hold_us: int) -> asyncio.Future[Admission | None]:
        ticket.terms, ticket.hold_us = terms, hold_us
        ticket.future = future = self.loop.create_future()
        lines = self._lines.get(terms.connections)
        if lines is None:
            lines = self._lines[terms.connections] = tuple(Line() for _ in Priority)
        lines[ticket.priority].enter(ticket)
        self._waiting[ticket.priority, terms] += 1
        terms.connections.waiting += 1
        if self._dispatcher is None or self._head(terms.connections) is ticket:
            self._kick()
        return future

    def _leave(self, ticket: Ticket, future: asyncio.Future[Admission | None]) -> None:
        """Undo ``_enter``, and the grant as well if it came at the same moment."""
        if future.done() and not future.cancelled() and future.exception() is None and (let_in := future.result()):
            ticket.terms.connections.release(ticket.priority)
            self.run(self.give_back(let_in.grant))
            return
        future.cancel()
        self._count_out(ticket)
        lines = self._lines.get(ticket.terms.connections)
        if lines is not None:
            lines[ticket.priority].leave()
        self._kick()

    def _count_out(self, ticket: Ticket) -> None:
        key = (ticket.priority, ticket.terms)
        self._waiting[key] -= 1
        if not self._waiting[key]:
            del self._waiting[key]
        ticket.terms.connections.waiting -= 1

    def _kick(self) -> None:
        """Something changed: have the dispatcher look again."""
        if self._dispatcher is None:
            if self._waiting:
                self._dispatcher = self.loop.create_task(self._dispatch())
        elif self._sleep is not None:
            finish(self._sleep)

    def _tell_all(self) -> None:
        self._forget_what_was_told()
        for other in rooms(self.store, self.key_id):
            if other is not self:
                other.look_again()

    def _forget_what_was_told(self) -> None:
        self._told = None
        self._kick()

    async def _dispatch(self) -> None:
        try:
            while (ticket := self._first()) is not None:
                await self._serve(ticket)
        finally:
            self._dispatcher = self._told = None

    async def _serve(self, ticket: Ticket) -> None:
        """One step towards letting the first waiter go; then look again who is first."""
        if ticket is self._told:  # and woken for nothing: the store said when to ask again
            await self._sleep_until(self._ask_at)
        elif not self._paces.has_turn(ticket.terms.pace):
            await self._paces.take_turn(ticket.terms.pace)
        else:
            await self._ask(ticket)

    async def _ask(self, ticket: Ticket) -> None:
        terms, asked_us = ticket.terms, now_us()
        self._serving = ticket
        try:
            granted = await self.store.take(self.key_id, terms.layers_for(ticket.priority), ticket.hold_us)
            self._failures, self._trouble = 0, None
        except Exception as error:  # noqa: BLE001 - a store's errors are the waiter's to hear, not the dispatcher's
            await self._bear(error, ticket)
            return
        finally:
            self._serving = None
        if isinstance(granted, Wait):
            await self._wait(ticket, granted.wait_us)
        elif not ticket.waits or not terms.connections.free(ticket.priority):  # while the store was asked
            await self.give_back(granted)
        else:
            assert ticket.future is not None  # noqa: S101 - it waits
            self._lines[terms.connections][ticket.priority].serve(ticket)
            self._count_out(ticket)
            ticket.future.set_result(self._let_in(ticket, terms, granted, asked_us))
            terms.connections.pass_on()

    async def _wait(self, ticket: Ticket, wait_us: int) -> None:
        """Do as the store said, unless that is too long for one who came when nobody was ahead."""
        if ticket.unchecked and self._is_too_long(ticket, wait_us) and ticket.waits:
            assert ticket.future is not None  # noqa: S101 - it waits
            ticket.future.set_exception(Expired(wait_us))
            return
        ticket.unchecked = False
        if not self.store.in_process:
            wait_us += random.randrange(JITTER_US)  # noqa: S311 - no secret
        await self._sleep_for(ticket, wait_us)

    async def _bear(self, error: Exception, ticket: Ticket) -> None:
        """Tell the first waiter of a store that is broken; ask one that may be back again, a little later."""
        if not (isinstance(error, QuotaStoreError) and error.temporary):
            if ticket.waits:
                assert ticket.future is not None  # noqa: S101 - it waits
                ticket.future.set_exception(error)
            return
        if not self._failures:
            log.warning("the quota store can't be asked, and nothing is sent until it can: %s", error)
        first_us, longest_us = RETRY_US
        wait_us = min(longest_us, first_us << min(self._failures, 10))
        self._failures += 1
        self._trouble = str(error)
        await self._sleep_for(ticket, round(wait_us * random.uniform(0.5, 1)))  # noqa: S311 - no secret

    async def _sleep_for(self, ticket: Ticket, wait_us: int) -> None:
        self._told = ticket
        self._ask_at = self.loop.time() + min(wait_us, LONGEST_SLEEP_US) / 1e6
        ticket.terms.connections.pass_on()
        await self._sleep_until(self._ask_at)

    async def _sleep_until(self, at: float) -> None:
        self._sleep = future = self.loop.create_future()
        timer = self.loop.call_at(at, self._forget_what_was_told)
        try:
            await future
        finally:
            timer.cancel()
            self._sleep = None

    def _first(self) -> Ticket | None:
        """The first waiter whose pool has a connection for it; the room is told of the others' when it comes."""
        first: Ticket | None = None
        for connections in tuple(self._lines):
            head = self._head(connections)
            if head is None:
                connections.pass_on()  # it may have been offered to us
            elif not connections.free(head.priority):
                connections.want(self, head.priority)
            elif first is None or (head.priority, head.number) < (first.priority, first.number):
                first = head
        return first

    def _head(self, connections: Connections) -> Ticket | None:
        """The first waiter for this pool."""
        for line in self._lines.get(connections, ()):
            if (head := line.head()) is not None:
                return head
        self._lines.pop(connections, None)
        return None


_rooms: weakref.WeakValueDictionary[tuple[int, str, int], Room] = weakref.WeakValueDictionary()
_loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()
_lock = threading.Lock()


def room(store: QuotaStore, key_id: str) -> Room:
    """The waiting room of this store and key in the running event loop, for as long as anyone holds it."""
    loop = asyncio.get_running_loop()
    with _lock:
        found = _rooms.get((id(store), key_id, id(loop)))
        if found is None:
            found = _rooms[id(store), key_id, id(loop)] = Room(store, key_id, loop)
            _loops.add(loop)
        return found


def rooms(store: QuotaStore, key_id: str) -> list[Room]:
    """The waiting rooms of this store and key in all event loops."""
    with _lock:
        found = [_rooms.get((id(store), key_id, id(loop))) for loop in _loops]
    return [one for one in found if one is not None]
