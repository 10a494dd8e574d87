"""The dispatcher of a waiting room: who goes next.

The first waiter (by priority, then by arrival) is let go when a connection, its turn in the pace and a token of every
layer are all there; nobody holds one of them while waiting for another, and only the dispatcher waits for the pace.
It is a task that lives while somebody waits, so an idle client costs nothing, and of each process only one at a time
asks a shared store. Rejected: a limiter awaited by every waiter (a herd at each wake-up, and an urgent one can't
overtake), tokens taken before a connection is free.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, final

from .._core.layers import Wait
from .._runtime import log
from .._runtime.tasks import start
from ..errors import QuotaStoreError
from ..quota.protocol import is_in_process
from .place import Admission
from .store_outage import StoreOutage
from .store_wait import StoreWait
from .ticket import Held

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from .._http.connections import Connections
    from ..quota import QuotaStore
    from .lines import Lines
    from .pacer import Pacer
    from .place import Place

JITTER_US: Final = 20_000
"""Processes that were told to wait for the same token ask for it again at moments spread over so much."""


@final
class Dispatcher:
    """Lets the waiters of one room go, one after the other, and asks the store for their tokens.

    ``tell_others`` wakes the rooms of the same store and key in other event loops when a token comes back early.

    Mutable state: the task; the place for which the store is being asked, and whether a token may have come back since
    then; who was told to wait, and until when; the store's outage.
    """

    __slots__ = (
        "_asking_for",
        "_key_id",
        "_lines",
        "_loop",
        "_pacer",
        "_store",
        "_store_here",
        "_store_wait",
        "_task",
        "_tell_others",
        "_tokens_came_back",
        "outage",
    )

    def __init__(
        self,
        store: QuotaStore,
        key_id: str,
        loop: asyncio.AbstractEventLoop,
        lines: Lines,
        pacer: Pacer,
        tell_others: Callable[[], None],
    ) -> None:
        self._store = store
        self._store_here = store if is_in_process(store) else None
        self._key_id = key_id
        self._loop = loop
        self._lines = lines
        self._pacer = pacer
        self._tell_others = tell_others
        self._task: asyncio.Task[None] | None = None
        self._asking_for: Place | None = None
        self._tokens_came_back = False
        self._store_wait = StoreWait(loop)
        self.outage = StoreOutage()

    def let_in_now(self, place: Place) -> int | None:
        """Let a newcomer in without a task, where nobody waits and the store can say at once.

        Gives how long the store makes it wait, in microseconds, or None if it was let in or must stand in line.
        """
        store, terms, priority = self._store_here, place.terms, place.ticket.priority
        connections = terms.connections
        if store is None or self._lines.waiting or connections.waiting:
            return None
        if not connections.free(priority) or not self._pacer.is_ready(terms.pace):
            return None
        asked_us = place.room.clock()
        granted = store.take_now(self._key_id, terms.layers_for(priority), place.hold_us)
        if isinstance(granted, Wait):
            return granted.wait_us
        self._pacer.use_turn_now(terms.pace)
        connections.take(priority)
        place.let_in(Admission(granted, asked_us))
        return None

    def hear_of_newcomer(self, place: Place) -> None:
        """Look again if a newcomer to the lines changes who goes next."""
        if self._task is None or self._store_wait.is_overtaken_by(place):
            self.look_again()

    def look_again(self) -> None:
        """Look again who goes next, as something has changed."""
        if self._task is None:
            if self._lines.waiting:
                self._task = start(self._loop, self._dispatch())
        else:
            self._store_wait.wake()

    def ask_again(self) -> None:
        """Ask the store again, as a token may be there sooner than it said."""
        self._tokens_came_back = True
        self._store_wait.end()
        self.look_again()

    def offer(self, connections: Connections) -> bool:
        """Hear that a connection is free; false if nobody here wants it any more."""
        if self._lines.head(connections) is None:
            return False
        self.look_again()
        return True

    def is_asking_for(self, place: Place) -> bool:
        """Whether the store is being asked for this place, and has not answered yet."""
        return self._asking_for is place

    async def give_back(self, grant: int) -> None:
        """Give back the tokens of a request that never left, and let all waiters of this process know.

        Raises nothing: where the store can't be told, the tokens lapse by themselves.
        """
        try:
            await self._store.give_back(self._key_id, grant)
        except Exception as error:  # noqa: BLE001 - whoever does not want a grant has no use for the store's error
            log.warning("the quota store could not be told of a request that never left: %s", error)
        else:
            self.tokens_are_back()

    def tokens_are_back(self) -> None:
        """Have all who wait for this key's tokens in this process ask for them again."""
        self.ask_again()
        self._tell_others()

    async def _dispatch(self) -> None:
        try:
            while (place := self._first()) is not None:
                if place.ticket.held is not None:
                    place.set_exception(Held())
                elif self._store_wait.is_for(place):
                    await self._store_wait.sleep(self.ask_again)
                elif not self._pacer.has_turn(place.terms.pace):
                    await self._pacer.take_turn(place.terms.pace)
                else:
                    await self._ask(place)
        finally:
            self._task = None
            self._store_wait.end()

    def _first(self) -> Place | None:
        """The first waiter whose pool has a connection for it; of the other pools, one is wanted."""
        first: Place | None = None
        for connections in self._lines.pools:
            head = self._lines.head(connections)
            if head is None:
                connections.pass_on()  # it may have been offered to us
            elif not connections.free(head.ticket.priority):
                connections.want(self, head.ticket.priority)
            elif first is None or head.ticket.comes_before(first.ticket):
                first = head
        return first

    async def _ask(self, place: Place) -> None:
        """Let the first waiter go if the store grants its tokens."""
        terms, priority, asked_us = place.terms, place.ticket.priority, place.room.clock()
        granted: int | Wait | Exception
        self._asking_for, self._tokens_came_back = place, False
        try:
            granted = await self._store.take(self._key_id, terms.layers_for(priority), place.hold_us)
        except Exception as error:  # noqa: BLE001 - a store's errors are the waiter's to hear, not the dispatcher's
            granted = error
        finally:
            self._asking_for = None
        if isinstance(granted, Exception):
            self._hear_error(granted, place)
            return
        self.outage.end()
        if isinstance(granted, Wait):
            self._wait(place, granted.wait_us)
        elif place.done() or not terms.connections.free(priority):  # while the store was asked
            await self.give_back(granted)
        else:
            self._pacer.use_turn(terms.pace)
            terms.connections.take(priority)
            place.let_in(Admission(granted, asked_us))
            terms.connections.pass_on()

    def _hear_error(self, error: Exception, place: Place) -> None:
        """End the wait if the store is broken; ask a store that may be back again, a little later."""
        if isinstance(error, QuotaStoreError) and error.temporary:
            self._begin_wait(place, self.outage.pause_us(error))
        elif not place.done():
            place.set_exception(error)

    def _wait(self, place: Place, wait_us: int) -> None:
        """Do as the store said, unless a token has come back since it was asked, or the place may not wait so long."""
        if self._tokens_came_back:
            return
        place.hear_wait(wait_us)
        if self._store_here is None:
            wait_us += random.randrange(JITTER_US)  # noqa: S311 - no secret
        self._begin_wait(place, wait_us)

    def _begin_wait(self, place: Place, wait_us: int) -> None:
        """Have the place wait before the store is asked for it again; others may use its connection meanwhile."""
        self._store_wait.begin(place, wait_us)
        place.terms.connections.pass_on()
