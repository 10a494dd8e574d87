"""The waiting room of one key: who may send next, decided in one place.

The first waiter (by priority, then by arrival) is let go when a connection, its turn in the pace and a token of every
layer are all there; nobody holds one of them while waiting for another, and only the dispatcher waits for the pace.
The dispatcher is a task that lives while somebody waits, so an idle client costs nothing, and of each process only one
at a time asks a shared store. Rejected: a limiter awaited by every waiter (a herd at each wake-up, and an urgent one
can't overtake), tokens taken before a connection is free.
"""

from __future__ import annotations

import random
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, cast, final

from .._core.buckets import Wait
from .._runtime import log
from .._runtime.clock import now_us
from .._runtime.tasks import start
from ..errors import QuotaStoreError
from ..models import Priority
from ..quota.protocol import at_once
from .pace import Paces
from .terms import Terms
from .ticket import Admission, Expired, Held, Line, Place, Stopped, Ticket, finish
from .trouble import RETRY_US, Trouble

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Iterable

    from .._http.connections import Connections
    from ..quota import MemoryQuota, QuotaStore

LONGEST_SLEEP_US: Final = 60_000_000
"""Timers stand still while a machine sleeps and the quota's clock does not, so a long wait is looked at again."""

JITTER_US: Final = 20_000
"""Processes that were told to wait for the same token ask for it again at moments spread over so much."""

ROUND_TRIP: Final = 0.5
"""Seconds: who is being asked for when ``max_wait`` is over still gets the answer, if it comes within these."""

_Ahead = list[tuple[Priority, Terms, int]]


@final
class Room:
    """The waiters of one key in one event loop. All of its methods but ``look_again`` run in that loop.

    ``others`` gives the rooms of the same store and key in all event loops, to be told of a token that comes early.
    ``clock`` (microseconds, the same for the room and its attempts) is for tests.
    Mutable state: for each HTTP pool a line of each priority; how many wait in all of them; the paces; the
    dispatcher with the future that it sleeps on, the ticket that it asks the store for, the one that the store told to
    wait, and until when; the trouble with the store.
    """

    __slots__ = (
        *("__weakref__", "_ask_at", "_asked_us", "_dispatcher", "_errands", "_lines", "_others", "_paces"),
        *("_serving", "_sleep", "_told", "_trouble", "_waiting", "clock", "key_id", "loop", "store"),
    )

    def __init__(
        self,
        store: QuotaStore,
        key_id: str,
        loop: asyncio.AbstractEventLoop,
        others: Callable[[Room], Iterable[Room]] = lambda _: (),
        clock: Callable[[], int] = now_us,
    ) -> None:
        self.store = store
        self.key_id = key_id
        self.loop = loop
        self.clock = clock
        self._others = others
        self._lines: dict[Connections, tuple[Line, ...]] = {}
        self._waiting = 0
        self._paces = Paces()
        self._dispatcher: asyncio.Task[None] | None = None
        self._sleep: asyncio.Future[None] | None = None
        self._serving: Place | None = None
        self._asked_us = 0
        self._told: Place | None = None
        self._ask_at = 0.0
        self._trouble = Trouble()
        self._errands: dict[asyncio.Task[None], None] = {}

    @property
    def waiting(self) -> dict[Priority, int]:
        """How many requests wait, by priority."""
        counts = dict.fromkeys(Priority, 0)
        for priority, _, count in self._ahead(Priority.BULK):
            counts[priority] += count
        return counts

    def admit(self, ticket: Ticket, terms: Terms, hold_us: int) -> Place:
        """Await what this gives; then one connection and the granted tokens are the caller's.

        The request settles ``hold_us`` from its grant unless it is settled or given back before. The wait raises
        ``Expired`` at once if the ticket can't be let in in time, or when its time is over, ``Stopped`` if it is
        stopped, ``Held`` if it is held back when its turn comes, and what the store raises. Cancelled, it leaves
        nothing taken and nobody's place changed.
        """
        place = Place(self.loop, ticket, terms, hold_us)
        if ticket.stopped is not None:
            place.fail(Stopped())
        elif not self._is_idle(place):
            self._stand(place)
        elif isinstance(granted := self._take_now(place), Wait):
            self._stand(place, granted.wait_us)
        else:
            if not self._paces.has_turn(terms.pace):
                at_once(self._paces.take_turn(terms.pace))
            self._let_in(place, granted)
        return place

    async def forecast_us(self, priority: Priority, terms: Terms, requests: int) -> int:
        """The least possible wait, by quota and pace, of the last of so many requests, behind all who wait now."""
        return await self._forecast_us(self._ahead(priority), priority, terms, requests)

    async def renew(self, grant: int, ticket: Ticket, terms: Terms, hold_us: int) -> int | Wait:
        """Give the grant back and take another: see ``QuotaStore.renew``."""
        renewed = await self.store.renew(self.key_id, grant, terms.layers_for(ticket.priority), hold_us)
        if isinstance(renewed, Wait):
            self._tell_all()
        return renewed

    async def give_back(self, grant: int) -> None:
        """Give back the tokens of a request that never left, and let all waiters of this process know.

        Raises nothing: where the store can't be told, they lapse by themselves.
        """
        try:
            await self.store.give_back(self.key_id, grant)
        except Exception as error:  # noqa: BLE001 - whoever does not want a grant has no use for the store's error
            log.warning("the quota store could not be told of a request that never left: %s", error)
        else:
            self._tell_all()

    def look_again(self) -> None:
        """Hear, from any thread, that a token may be there sooner than the store said."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._forget_what_was_told)

    def offer(self, connections: Connections) -> bool:
        """Hear that a connection is free; false if nobody here wants it any more."""
        if self._head(connections) is None:
            return False
        self._kick()
        return True

    def leave(self, place: Place) -> None:
        """Hear that a place has ended, and was not let in."""
        self._count_out(place)
        self._kick()

    def forgo(self, place: Place) -> None:
        """Hear that one was let in at the moment at which nobody waited any more."""
        place.terms.connections.release(place.ticket.priority)
        self._run(self.give_back(place.result().grant))

    def _is_idle(self, place: Place) -> bool:
        """Whether nobody waits, and all but the tokens is there: then no dispatcher is needed."""
        connections = place.terms.connections
        if self._waiting or connections.waiting or not self.store.in_process:
            return False
        return connections.free(place.ticket.priority) and self._paces.is_ready(place.terms.pace)

    def _take(self, place: Place) -> Coroutine[Any, Any, int | Wait]:
        self._asked_us = self.clock()
        return self.store.take(self.key_id, place.terms.layers_for(place.ticket.priority), place.hold_us)

    def _take_now(self, place: Place) -> int | Wait:
        self._asked_us = self.clock()
        store = cast("MemoryQuota", self.store)  # or one like it: it is in_process
        return store.take_now(self.key_id, place.terms.layers_for(place.ticket.priority), place.hold_us)

    def _let_in(self, place: Place, granted: int) -> None:
        self._paces.use_turn(place.terms.pace)
        place.terms.connections.take(place.ticket.priority)
        place.room = self
        place.let_in(Admission(granted, self._asked_us))

    def _stand(self, place: Place, wait_us: int | None = None) -> None:
        """Stand in line, unless the least possible wait is too long; ``wait_us`` is that, where it is known."""
        ticket, terms = place.ticket, place.terms
        if ticket.expires is not None:
            if wait_us is None and self.store.in_process:
                wait_us = at_once(self._least_wait_us(place, self._ahead_of(place)))
            if wait_us is None:
                self._check_later(place)
            elif self._is_too_late(place, wait_us):
                place.fail(Expired(wait_us))
                return
            call_soon = self.loop.call_soon  # with max_wait=0, too, the dispatcher has its turn first, in any loop
            place.timer = self.loop.call_at(ticket.expires, call_soon, call_soon, self._expire, place)
        lines = self._lines.get(terms.connections)
        if lines is None:
            lines = self._lines[terms.connections] = tuple(Line() for _ in Priority)
        place.room = self
        lines[ticket.priority].enter(place)
        self._waiting += 1
        terms.connections.waiting += 1
        if self._dispatcher is None or (self._told is not None and ticket.comes_before(self._told.ticket)):
            self._kick()

    def _check_later(self, place: Place) -> None:
        """Have a shared store tell whether the least possible wait is too long.

        With nobody ahead, and a turn in time, its first answer to the ticket itself will tell: one round trip fewer.
        """
        ahead = self._ahead_of(place)
        place.unchecked = not ahead
        if ahead or self._is_too_late(place, self._paces.wait_us(place.terms.pace, 0)):
            self._run(self._check(place, ahead))

    async def _check(self, place: Place, ahead: _Ahead) -> None:
        try:
            wait_us = await self._least_wait_us(place, ahead)
        except QuotaStoreError:
            return  # the dispatcher will hear of it too
        if self._is_too_late(place, wait_us) and not place.done():
            place.fail(Expired(wait_us))

    def _is_too_late(self, place: Place, wait_us: int) -> bool:
        expires = place.ticket.expires
        return expires is not None and wait_us > 0 and self.loop.time() + wait_us / 1e6 > expires

    def _expire(self, place: Place) -> None:
        """Time is over: who is just being asked for still gets the store's answer."""
        if place.done():
            return
        late = self.loop.time() - (place.ticket.expires or 0.0)
        if self._serving is place and late < ROUND_TRIP:
            place.timer = self.loop.call_later(ROUND_TRIP / 100, self._expire, place)
        elif self._trouble.why is not None or self._serving is place:
            place.fail(Expired(RETRY_US[1], self._trouble.why or f"it did not answer within {late:.1f} s"))
        elif self.store.in_process:
            place.fail(Expired(at_once(self._least_wait_us(place, self._ahead_of(place, standing=True)))))
        else:
            self._run(self._give_up(place, self._ahead_of(place, standing=True)))

    async def _give_up(self, place: Place, ahead: _Ahead) -> None:
        try:
            expired = Expired(await self._least_wait_us(place, ahead))
        except QuotaStoreError as error:
            expired = Expired(RETRY_US[1], str(error))
        if not place.done():
            place.fail(expired)

    def _ahead_of(self, place: Place, *, standing: bool = False) -> _Ahead:
        """Who goes first, if it stood behind all of its priority; before them all if it was let in before."""
        own = (place.ticket.priority, place.terms) if standing else None
        ahead = self._ahead(place.ticket.priority - place.ticket.retried)
        return [(p, t, n - 1) if (p, t) == own else (p, t, n) for p, t, n in ahead]

    def _ahead(self, last: int) -> _Ahead:
        """How many wait on which terms, the more urgent first, down to the priority ``last``."""
        lines = (
            (p, line) for lines in self._lines.values() for p, line in zip(Priority, lines, strict=True) if p <= last
        )
        return sorted(((p, terms, n) for p, line in lines for terms, n in line.waiting.items()), key=itemgetter(0))

    async def _least_wait_us(self, place: Place, ahead: _Ahead) -> int:
        return await self._forecast_us(ahead, place.ticket.priority, place.terms, 1)

    async def _forecast_us(self, ahead: _Ahead, priority: Priority, terms: Terms, requests: int) -> int:
        line = [(t.layers_for(p), n) for p, t, n in ahead]
        wait_us = await self.store.forecast_us(self.key_id, [*line, (terms.layers_for(priority), requests)])
        paced = requests - 1 + sum(n for _, t, n in ahead if t.pace == terms.pace)
        return max(wait_us, self._paces.wait_us(terms.pace, paced))

    def _count_out(self, place: Place) -> None:
        self._lines[place.terms.connections][place.ticket.priority].leave(place)
        self._waiting -= 1
        place.terms.connections.waiting -= 1

    def _kick(self) -> None:
        """Something changed: have the dispatcher look again."""
        if self._dispatcher is None:
            if self._waiting:
                self._dispatcher = start(self.loop, self._dispatch())
        elif self._sleep is not None:
            finish(self._sleep)

    def _run(self, errand: Coroutine[Any, Any, None]) -> None:
        """Have the store called by a task of the room's own, for callers that can't wait."""
        task = start(self.loop, errand)
        self._errands[task] = None
        task.add_done_callback(self._errands.pop)

    def _tell_all(self) -> None:
        self._forget_what_was_told()
        for other in self._others(self):
            if other is not self:
                other.look_again()

    def _forget_what_was_told(self) -> None:
        self._told = None
        self._kick()

    async def _dispatch(self) -> None:
        try:
            while (place := self._first()) is not None:
                if place.ticket.held is not None:
                    place.fail(Held())
                elif place is self._told:  # and woken for nothing: the store said when to ask again
                    await self._sleep_until(self._ask_at)
                elif not self._paces.has_turn(place.terms.pace):
                    await self._paces.take_turn(place.terms.pace)
                else:
                    await self._ask(place)
        finally:
            self._dispatcher = self._told = None

    async def _ask(self, place: Place) -> None:
        """Let the first waiter go, or sleep for as long as the store says."""
        granted: int | Wait | Exception
        self._serving = place
        try:
            granted = await self._take(place)
        except Exception as error:  # noqa: BLE001 - a store's errors are the waiter's to hear, not the dispatcher's
            granted = error
        finally:
            self._serving = None
        if isinstance(granted, Exception):
            await self._bear(granted, place)
            return
        self._trouble.end()
        if isinstance(granted, Wait):
            await self._wait(place, granted.wait_us)
        elif place.done() or not place.terms.connections.free(place.ticket.priority):  # while the store was asked
            await self.give_back(granted)
        else:
            self._let_in(place, granted)
            self._count_out(place)
            place.terms.connections.pass_on()

    async def _wait(self, place: Place, wait_us: int) -> None:
        """Do as the store said, unless that is too long for one who came when nobody was ahead."""
        if place.unchecked and self._is_too_late(place, wait_us) and not place.done():
            place.fail(Expired(wait_us))
            return
        place.unchecked = False
        if not self.store.in_process:
            wait_us += random.randrange(JITTER_US)  # noqa: S311 - no secret
        await self._sleep_for(place, wait_us)

    async def _bear(self, error: Exception, place: Place) -> None:
        """Tell the first waiter of a store that is broken; ask one that may be back again, a little later."""
        if not (isinstance(error, QuotaStoreError) and error.temporary):
            if not place.done():
                place.fail(error)
            return
        await self._sleep_for(place, self._trouble.pause_us(error))

    async def _sleep_for(self, place: Place, wait_us: int) -> None:
        self._told = place
        self._ask_at = self.loop.time() + min(wait_us, LONGEST_SLEEP_US) / 1e6
        place.terms.connections.pass_on()
        await self._sleep_until(self._ask_at)

    async def _sleep_until(self, at: float) -> None:
        self._sleep = future = self.loop.create_future()
        timer = self.loop.call_at(at, self._forget_what_was_told)
        try:
            await future
        finally:
            timer.cancel()
            self._sleep = None

    def _first(self) -> Place | None:
        """The first waiter whose pool has a connection for it; the room is told of the others' when it comes."""
        first: Place | None = None
        for connections in tuple(self._lines):
            head = self._head(connections)
            if head is None:
                connections.pass_on()  # it may have been offered to us
            elif not connections.free(head.ticket.priority):
                connections.want(self, head.ticket.priority)
            elif first is None or head.ticket.comes_before(first.ticket):
                first = head
        return first

    def _head(self, connections: Connections) -> Place | None:
        """The first waiter for this pool."""
        for line in self._lines.get(connections, ()):
            if (head := line.head()) is not None:
                return head
        self._lines.pop(connections, None)
        return None
