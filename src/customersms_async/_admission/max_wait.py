"""``max_wait``: ends a wait at once where the least possible one is too long, else when its time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..errors import QuotaStoreError
from .store_outage import LONGEST_PAUSE_US
from .ticket import Expired

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from .dispatcher import Dispatcher
    from .errands import Errands
    from .forecasts import Forecasts
    from .lines import Group, Lines
    from .pacer import Pacer
    from .place import Place

ROUND_TRIP: Final = 0.5
"""Seconds: who is being asked for when ``max_wait`` is over still gets the answer, if it comes within these."""


@final
class MaxWait:
    """Ends the waits of one room that take longer than ``max_wait`` allows, or will."""

    __slots__ = ("_dispatcher", "_errands", "_forecasts", "_lines", "_loop", "_pacer")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        lines: Lines,
        forecasts: Forecasts,
        pacer: Pacer,
        dispatcher: Dispatcher,
        errands: Errands,
    ) -> None:
        self._loop = loop
        self._lines = lines
        self._forecasts = forecasts
        self._pacer = pacer
        self._dispatcher = dispatcher
        self._errands = errands

    def watch(self, place: Place, expires: float, wait_us: int | None) -> None:
        """Watch the time of a newcomer, or end its wait at once; ``wait_us`` is the least wait, where it is known."""
        if wait_us is None:
            wait_us = self._least_now_us(place)
        if wait_us is None:
            self._check_later(place)
        elif place.is_too_late(wait_us):
            place.set_exception(Expired(wait_us))
            return
        call_soon = self._loop.call_soon  # with max_wait=0, too, the dispatcher has its turn first, in any loop
        place.set_timer(self._loop.call_at(expires, call_soon, call_soon, self._expire, place, expires))

    def _check_later(self, place: Place) -> None:
        """Find out later, from a store that can't say it at once, whether the least possible wait is too long.

        With nobody ahead, and a turn in time, its first answer to the ticket itself will tell: one round trip fewer.
        """
        ahead = self._lines.ahead_of(place)
        if not ahead:
            place.check_first_answer()
        if ahead or place.is_too_late(self._pacer.wait_us(place.terms.pace, 0)):
            self._errands.run(self._check(place, ahead))

    async def _check(self, place: Place, ahead: Sequence[Group]) -> None:
        try:
            wait_us = await self._least_us(place, ahead)
        except QuotaStoreError:
            return  # the dispatcher will hear of it too
        if place.is_too_late(wait_us) and not place.done():
            place.set_exception(Expired(wait_us))

    def _expire(self, place: Place, expires: float) -> None:
        """End a wait whose time is over; who is just being asked for still gets the store's answer."""
        if place.done():
            return
        late, asked = self._loop.time() - expires, self._dispatcher.is_asking_for(place)
        outage = self._dispatcher.outage.reason
        if asked and late < ROUND_TRIP:
            place.set_timer(self._loop.call_later(ROUND_TRIP / 100, self._expire, place, expires))
        elif asked or outage is not None:
            place.set_exception(Expired(LONGEST_PAUSE_US, outage or f"it did not answer within {late:.1f} s"))
        elif (wait_us := self._least_now_us(place)) is not None:
            place.set_exception(Expired(wait_us))
        else:
            self._errands.run(self._give_up(place, self._lines.ahead_of(place)))

    async def _give_up(self, place: Place, ahead: Sequence[Group]) -> None:
        try:
            expired = Expired(await self._least_us(place, ahead))
        except QuotaStoreError as error:
            expired = Expired(LONGEST_PAUSE_US, str(error))
        if not place.done():
            place.set_exception(expired)

    async def _least_us(self, place: Place, ahead: Sequence[Group]) -> int:
        return await self._forecasts.wait_us(ahead, place.ticket.priority, place.terms)

    def _least_now_us(self, place: Place) -> int | None:
        return self._forecasts.wait_now_us(self._lines.ahead_of(place), place.ticket.priority, place.terms)
