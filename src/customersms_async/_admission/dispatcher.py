"""The dispatcher of a waiting room: who goes next.

Of those for whom a connection, a turn in their pace and a token of every layer are all there, the first goes (by
priority, then by arrival). Who lacks any of these holds none of the others, and holds up nobody who lacks none. It
looks who that is when something has changed, and when a timer says that somebody may go; so an idle client costs
nothing, and of each process only one at a time asks a shared store. Rejected: a limiter awaited by every waiter (a herd
at each wake-up, and an urgent one can't overtake), tokens taken before a connection is free, one line for all (whoever
waits for a slow pace or a small limit of their own then holds up the others), and a task that sleeps while somebody
waits (a thousand keys, each at its full rate, make one for each of their requests).
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, final

from .._core.layers import Wait
from .._runtime.tasks import start
from ..errors import QuotaStoreError
from ..quota.protocol import is_in_process
from .next_waiter import find_next, wait_reason
from .place import Admission, Place
from .stalls import Stalls
from .store_outage import StoreOutage
from .store_waits import StoreWaits
from .ticket import Held

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from .._http.connections import Connections
    from .._runtime.log import KeyLog
    from ..events import WaitReason
    from ..quota import QuotaStore
    from ..quota.protocol import InProcessQuotaStore
    from .lines import Lines
    from .pacer import Pacer

JITTER_US: Final = 20_000
"""Microseconds over which processes that were told to wait for the same token spread their next questions."""


@final
class Dispatcher:
    """Lets the waiters of one room go, one after the other, and asks the store for their tokens.

    ``tell_others`` wakes the rooms of the same store and key in other event loops when a token comes back early.

    Mutable state: when it looks next (a timer, or the next turn of the loop); whether it is looking, or a task asks the
    store, and whether something has changed since it last looked; the place for which the store is being asked, and
    whether a token may have come back since then; how often it was asked; who was told to wait; the store's outage,
    from when it is first spoken of; whether nobody goes for long, while anybody waits and until somebody goes.
    """

    __slots__ = (
        "_asking_for",
        "_changed",
        "_is_due",
        "_is_looking",
        "_key_id",
        "_lines",
        "_log",
        "_loop",
        "_outage",
        "_pacer",
        "_paused_until",
        "_stalls",
        "_store",
        "_store_here",
        "_store_waits",
        "_task",
        "_tell_others",
        "_timer",
        "_tokens_came_back",
        "questions",
    )

    def __init__(
        self,
        store: QuotaStore,
        key_id: str,
        loop: asyncio.AbstractEventLoop,
        lines: Lines,
        pacer: Pacer,
        tell_others: Callable[[], None],
        log: KeyLog,
    ) -> None:
        self._store = store
        self._store_here = store if is_in_process(store) else None
        self._key_id = key_id
        self._loop = loop
        self._lines = lines
        self._pacer = pacer
        self._tell_others = tell_others
        self._timer: asyncio.TimerHandle | None = None
        self._is_due = False
        self._is_looking = False
        self._task: asyncio.Task[None] | None = None
        self._changed = False
        self._asking_for: Place | None = None
        self._tokens_came_back = False
        self.questions = 0
        self._store_waits = StoreWaits(loop)
        self._log = log
        self._outage: StoreOutage | None = None
        self._stalls: Stalls | None = None
        self._paused_until = 0.0

    @property
    def is_at_rest(self) -> bool:
        """Whether it has nothing to do, and nothing to remember."""
        looks_again = self._timer is not None or self._is_due or self._task is not None
        pauses = self._loop.time() < self._paused_until
        has_warned = self._stalls is not None and self._stalls.warned
        return not looks_again and not pauses and not has_warned and self.outage_reason is None

    @property
    def outage_reason(self) -> str | None:
        """Why the store can't be asked, if it failed when it was asked last."""
        return None if self._outage is None else self._outage.reason

    def outage(self) -> StoreOutage:
        """What there is to know of the store's outages."""
        if self._outage is None:
            self._outage = StoreOutage(self._log)
        return self._outage

    def pause_begins(self, pause_us: int) -> None:
        """Hear that the key pauses for so long, by an answer to this process."""
        self._paused_until = max(self._paused_until, self._loop.time() + pause_us / 1e6)

    def waits_begin(self) -> None:
        """Hear that somebody waits, where nobody did."""
        if self._stalls is None:
            self._stalls = Stalls(self._loop, self._log, self._first_lacks)
        self._stalls.begin()

    def let_in_now(self, place: Place) -> int | None:
        """Let a newcomer in without a task, where nobody waits and the store can say at once.

        Gives how long the store makes it wait, in microseconds, or None if it was let in or must stand in line.
        """
        store, (priority, layers, pace, connections) = self._store_here, place.needs
        if store is None or self._lines.waiting or connections.waiting:
            return None
        if not connections.free(priority) or not self._pacer.is_ready(pace):
            return None
        asked_us = place.room.clock()
        granted = store.take_now(self._key_id, layers, place.hold_us)
        if isinstance(granted, Wait):
            return granted.wait_us
        self._let_in(place, Admission(granted, asked_us))
        return None

    def hear_of_newcomer(self, place: Place, wait_us: int | None) -> None:
        """Look again if a newcomer to the lines may change who goes next; ``wait_us`` if the store has just said so."""
        line = place.line
        if line is not None and line.head() is place:  # else it can't go before whoever needs the same
            self._store_waits.hear_of_newcomer(place)
            if wait_us is not None:
                self._store_waits.begin(place, place.needs.layers, wait_us)
                if not self._is_due:  # nobody waited before, so there is no timer, and all that is missing is one
                    self._let_go()
                    return
            self.look_again()

    def look_again(self) -> None:
        """Look again who goes next, as something has changed."""
        self._changed = True
        if self._is_due or self._is_looking or self._task is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        elif not self._lines.waiting:
            return
        if self._store_here is None:
            self._task = start(self._loop, self._ask_there())
        else:
            self._is_due = True
            self._loop.call_soon(self._turn)

    def ask_again(self) -> None:
        """Ask the store again, as a token may be there sooner than it said."""
        self._tokens_came_back = True
        self._store_waits.end_all()
        self.look_again()

    def offer(self, connections: Connections) -> bool:
        """Use a connection that is free for whoever waits for one; false if nobody here does any more."""
        if not self._lines.want(connections):
            return False
        self.look_again()
        return True

    @property
    def is_asking(self) -> bool:
        """Whether the store is being asked for somebody, and has not answered yet."""
        return self._asking_for is not None

    def is_asking_for(self, place: Place) -> bool:
        """Whether the store is being asked for this place, and has not answered yet."""
        return self._asking_for is place

    def reason(self, place: Place) -> WaitReason:
        """What somebody who stands in line lacks now, as far as is known here."""
        return wait_reason(
            place.needs,
            self._pacer,
            store_is_away=self.outage_reason is not None,
            paused=self._loop.time() < self._paused_until,
            told_to_wait=self._store_here is not None or self._store_waits.until(place) > 0,
        )

    def _first_lacks(self) -> tuple[WaitReason, int] | None:
        """What the first in the lines lacks, and how many wait; None if nobody does, and nobody watches any more."""
        first = self._lines.first()
        if first is None:
            self._stalls = None  # there may be 10,000 idle keys
            return None
        return self.reason(first), self._lines.waiting

    def tokens_are_back(self) -> None:
        """Have all who wait for this key's tokens in this process ask for them again."""
        self.ask_again()
        self._tell_others()

    def _turn(self) -> None:
        """Let go all who can, of a store in this process."""
        self._is_due = False
        self._let_go()

    def _let_go(self) -> Place | None:
        """Let go all who can by what is known here; gives for whom the store must be asked now, if for anybody.

        Else a timer looks again when somebody may go, if that is known.
        """
        self._is_looking = True
        try:
            while self._lines.waiting and (found := self._next()) is not None:
                if isinstance(found, float):
                    self._timer = self._loop.call_at(found, self._wake_at, found)
                    return None
                if found.ticket.held is not None:
                    found.set_exception(Held())
                elif self._store_here is None:
                    return found
                else:
                    self._ask_here(self._store_here, found)
            self._store_waits.end_all()
            return None
        finally:
            self._is_looking = False

    def _next(self) -> Place | float | None:
        """The first who can go, or is held back; else when somebody may; else None, and a connection is wanted."""
        while True:
            self._changed = False
            found = find_next(self._lines, self._pacer, self._store_waits, self, self._loop.time())
            if isinstance(found, Place) or not self._changed:
                return found

    def _wake_at(self, moment: float) -> None:
        """Ask again whoever was told to wait until ``moment``; the timer may be a little early for the clock."""
        self._timer = None
        self._store_waits.end_until(moment)
        if self._store_here is None:
            self.look_again()
        else:
            self._let_go()  # at once, as a turn of the loop for each of a thousand keys costs more than to look

    def _ask_here(self, store: InProcessQuotaStore, place: Place) -> None:
        """Let the first waiter go if a store in this process grants its tokens."""
        asked_us = self._asks_for(place)
        answer: int | Wait | Exception
        try:
            answer = store.take_now(self._key_id, place.needs.layers, place.hold_us)
        except Exception as error:  # noqa: BLE001 - a store's errors are the waiter's to hear, not the dispatcher's
            answer = error
        self._hear(answer, asked_us, place)

    async def _ask_there(self) -> None:
        """Ask a store of several processes for the first waiter, and again, while there is anybody to ask for."""
        try:
            while (place := self._let_go()) is not None:
                await self._ask(place)
        except BaseException:
            self._asking_for = None
            self._store_waits.end_all()
            raise
        finally:
            self._task = None

    async def _ask(self, place: Place) -> None:
        """Let the first waiter go if a store of several processes grants its tokens."""
        asked_us = self._asks_for(place)
        answer: int | Wait | Exception
        try:
            answer = await self._store.take(self._key_id, place.needs.layers, place.hold_us)
        except Exception as error:  # noqa: BLE001 - as above
            answer = error
        self._hear(answer, asked_us, place)

    def _asks_for(self, place: Place) -> int:
        """Note for whom the store is asked, and give the time."""
        self._asking_for, self._tokens_came_back = place, False
        self.questions += 1
        return place.room.clock()

    def _hear(self, answer: int | Wait | Exception, asked_us: int, place: Place) -> None:
        """Let a place go with the tokens that the store has granted, or have it wait as it said."""
        self._asking_for = None
        if isinstance(answer, Exception):
            self._hear_error(answer, place)
            return
        if self._outage is not None:
            self._outage.end()
        connections = place.needs.connections
        if isinstance(answer, Wait):
            self._hear_wait(answer.wait_us, place)
        elif place.done() or not connections.free(place.needs.priority):  # while the store was asked
            place.room.give_back_soon(answer)
        else:
            self._let_in(place, Admission(answer, asked_us))
            connections.pass_on()

    def _let_in(self, place: Place, admission: Admission) -> None:
        """Let a place go that has its tokens, with a turn in its pace and a connection."""
        priority, _, pace, connections = place.needs
        self._pacer.use_turn(pace)
        connections.take(priority)
        place.let_in(admission)
        if self._stalls is not None:
            self._stalls.went()

    def _hear_error(self, error: Exception, place: Place) -> None:
        """End the wait of ``place`` if the store is broken; else have the store asked again a little later."""
        if isinstance(error, QuotaStoreError) and error.temporary:
            self._store_waits.begin(place, None, self.outage().failed(error))
        elif not place.done():
            place.set_exception(error)

    def _hear_wait(self, wait_us: int, place: Place) -> None:
        """Have ``place`` wait as the store said, unless a token has come back since, or it may not wait so long."""
        if self._tokens_came_back:
            return
        place.hear_wait(wait_us)
        if self._store_here is None:
            wait_us += random.randrange(JITTER_US)  # noqa: S311 - no secret
        self._store_waits.begin(place, place.needs.layers, wait_us)
