"""The waiting room of one key: who may send next, decided in one place.

The room is the door: it lets newcomers in or has them stand in ``lines``; the ``dispatcher`` decides who goes next;
``forecasts`` are what those who wait may expect, and ``max_wait`` holds that against their time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from .._core.layers import Wait
from .._core.secret import NAME_DIGITS
from .._runtime.clock import now_us
from .._runtime.log import KeyLog
from ..models import Priority
from .background_calls import BackgroundCalls
from .dispatcher import Dispatcher
from .forecasts import Forecasts
from .lines import Lines
from .max_wait import MaxWait
from .pacer import Pacer
from .place import Place
from .ticket import Stopped

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ..events import WaitReason
    from ..quota import QuotaStore
    from .lines import Line
    from .store_outage import Audience
    from .terms import Terms
    from .ticket import Ticket


def _nobody_else() -> None:
    pass


@final
class Room:
    """The waiters of one key in one event loop. All methods but ``look_again`` run in that loop.

    ``tell_others`` calls ``look_again`` of the rooms of the same store and key in other event loops. ``clock``
    (microseconds, the same for the room and its attempts) is for tests.

    Holds no state but that of its parts, of which that for ``max_wait`` is made when first used: there may be 10,000
    keys, and few of them wait. ``log`` has the name by which lines call the key.
    """

    __slots__ = (
        "__weakref__",
        "_dispatcher",
        "_lines",
        "_max_wait",
        "_pacer",
        "clock",
        "key_id",
        "log",
        "loop",
        "store",
    )

    def __init__(
        self,
        store: QuotaStore,
        key_id: str,
        loop: asyncio.AbstractEventLoop,
        tell_others: Callable[[], None] = _nobody_else,
        clock: Callable[[], int] = now_us,
    ) -> None:
        self.store: QuotaStore = store
        self.key_id: str = key_id
        self.loop: asyncio.AbstractEventLoop = loop
        self.clock: Callable[[], int] = clock
        self.log: KeyLog = KeyLog(key_id[:NAME_DIGITS])
        self._lines = Lines()
        self._pacer = Pacer()
        self._dispatcher = Dispatcher(store, key_id, loop, self._lines, self._pacer, tell_others, self.log)
        self._max_wait: MaxWait | None = None

    @property
    def waiting(self) -> dict[Priority, int]:
        """How many requests wait, by priority."""
        counts = dict.fromkeys(Priority, 0)
        for group in self._lines.groups(Priority.BULK):
            counts[group.needs.priority] += group.requests
        return counts

    @property
    def oldest_wait_us(self) -> int:
        """For how long the one has stood in line who stands longest; 0 if nobody waits."""
        since_us = self._lines.oldest_since_us
        return 0 if since_us is None else max(0, self.clock() - since_us)

    @property
    def is_at_rest(self) -> bool:
        """Whether another room in its place would do the same from now on."""
        return not self._lines.waiting and self._dispatcher.is_at_rest and self._pacer.is_at_rest

    def admit(self, ticket: Ticket, terms: Terms, hold_us: int) -> Place:
        """Await what this gives; then one connection and the granted tokens are the caller's.

        The request settles ``hold_us`` from its grant unless it is settled or given back before. The wait raises
        ``Expired`` at once if the ticket can't be let in in time, or when its time is over, ``Stopped`` if it is
        stopped, ``Held`` if it is held back when its turn comes, and what the store raises. Cancelled, it leaves
        nothing taken and nobody's place changed.
        """
        place = Place(self, ticket, terms.needs(ticket.priority), hold_us)
        if ticket.stopped is not None:
            place.set_exception(Stopped())
            return place
        wait_us = self._dispatcher.let_in_now(place)
        if not place.done():
            self._stand(place, wait_us)
        return place

    async def forecast_us(self, priority: Priority, terms: Terms, requests: int) -> int:
        """The least possible wait, by quota and pace, of the last of so many requests, behind all who wait now."""
        return await self._watch().forecasts.wait_us(self._lines.groups(priority), terms.needs(priority), requests)

    async def renew(self, grant: int, ticket: Ticket, terms: Terms, hold_us: int) -> int | Wait:
        """Give the grant back and take another: see ``QuotaStore.renew``."""
        renewed = await self.store.renew(self.key_id, grant, terms.needs(ticket.priority).layers, hold_us)
        if isinstance(renewed, Wait):
            self._dispatcher.tokens_are_back()
        return renewed

    async def give_back(self, grant: int) -> None:
        """Give back the tokens of a request that never left, and let all waiters of this process know.

        Raises nothing: where the store can't be told, the tokens lapse by themselves.
        """
        try:
            await self.store.give_back(self.key_id, grant)
        except Exception as error:  # noqa: BLE001 - whoever does not want a grant has no use for the store's error
            self.log.warning(
                "store_not_told", "the quota store could not be told of a request that never left: %s", error
            )
        else:
            self._dispatcher.tokens_are_back()

    def reason(self, place: Place) -> WaitReason:
        """What somebody who stands in line lacks now."""
        return self._dispatcher.reason(place)

    async def pause(self, pause_us: int) -> None:
        """Have the key pause: see ``QuotaStore.pause``."""
        self._dispatcher.pause_begins(pause_us)
        await self.store.pause(self.key_id, pause_us)

    def observe(self, audience: Audience) -> None:
        """Have ``audience`` told of the store's failures while somebody holds it."""
        self._dispatcher.outage().observe(audience)

    def look_again(self) -> None:
        """Ask the store again, as a token may be there sooner than it said; may be called in any thread."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._dispatcher.ask_again)

    def leave(self, place: Place, line: Line) -> None:
        """Count out a place that stood in ``line``, as it has ended."""
        self._lines.leave(place, line)
        self._dispatcher.look_again()

    def forgo(self, place: Place) -> None:
        """Take back what a place was let in with, as nobody waited any more at that moment."""
        place.needs.connections.release(place.ticket.priority)
        self.give_back_soon(place.result().grant)

    def give_back_soon(self, grant: int) -> None:
        """Do as ``give_back``, without waiting for it."""
        self._watch().background_calls.run(self.give_back(grant))

    def _stand(self, place: Place, wait_us: int | None) -> None:
        """Have a place stand in line, unless the least possible wait is too long; ``wait_us`` if that is known."""
        expires = place.ticket.expires
        if expires is not None:
            self._watch().watch(place, expires, wait_us)
            if place.done():
                return
        if not self._lines.waiting:
            self._dispatcher.waits_begin()
        self._lines.enter(place, self.clock())
        if place.ticket.on_standing is not None:
            place.ticket.on_standing()
        self._dispatcher.hear_of_newcomer(place, wait_us)

    def _watch(self) -> MaxWait:
        if self._max_wait is None:
            forecasts, calls = Forecasts(self.store, self.key_id, self._pacer), BackgroundCalls(self.loop)
            self._max_wait = MaxWait(self.loop, self._lines, forecasts, self._pacer, self._dispatcher, calls)
        return self._max_wait
