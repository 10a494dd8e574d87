"""``max_wait``: ends a wait at once where the least possible one is too long, else when its time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..errors import QuotaStoreError
from .store_outage import LONGEST_PAUSE_US
from .ticket import Expired

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from .background_calls import BackgroundCalls
    from .dispatcher import Dispatcher
    from .forecasts import Forecasts
    from .lines import Group, Lines
    from .pacer import Pacer
    from .place import Place

ROUND_TRIP: Final = 0.5
"""Seconds: who is being asked for when ``max_wait`` is over still gets the answer, if it comes within these."""


@final
class MaxWait:
    """Ends the waits of one room that take longer than ``max_wait`` allows, or will, by the room's ``forecasts``."""

    __slots__ = ("_dispatcher", "_lines", "_loop", "_pacer", "background_calls", "forecasts")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        lines: Lines,
        forecasts: Forecasts,
        pacer: Pacer,
        dispatcher: Dispatcher,
        background_calls: BackgroundCalls,
    ) -> None:
        self._loop = loop
        self._lines = lines
        self.forecasts = forecasts
        self._pacer = pacer
        self._dispatcher = dispatcher
        self.background_calls = background_calls

    def watch(self, place: Place, expires: float, wait_us: int | None) -> None:
        """Watch the time of a newcomer, or end its wait at once; ``wait_us`` is the least wait, where it is known."""
        if wait_us is None:
            wait_us = self._least_now_us(place)
        if wait_us is None:
            self._check_later(place)
        elif place.is_too_late(wait_us):
            place.set_exception(self._expired(place, wait_us))
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
        if ahead or place.is_too_late(self._pacer.wait_us(place.needs.pace, 0)):
            self.background_calls.run(self._check(place, ahead))

    async def _check(self, place: Place, ahead: Sequence[Group]) -> None:
        try:
            wait_us = await self._least_us(place, ahead)
        except Exception:  # noqa: BLE001 - the timer ends the wait in time, and then says why
            return
        if not place.is_too_late(wait_us) or place.done():
            return
        if self._dispatcher.is_asking_for(place):  # and the forecast may count what it is just being granted
            place.check_first_answer()
        else:
            place.set_exception(self._expired(place, wait_us))

    def _expire(self, place: Place, expires: float) -> None:
        """End a wait whose time is over; who is just being asked for still gets the store's answer."""
        if place.done():
            return
        late, asked = self._loop.time() - expires, self._dispatcher.is_asking_for(place)
        outage = self._dispatcher.outage_reason
        if asked and late < ROUND_TRIP:
            place.set_timer(self._loop.call_later(ROUND_TRIP / 100, self._expire, place, expires))
        elif asked or outage is not None:
            self._end_unforeseen(place, outage or f"it did not answer within {late:.1f} s")
        elif (wait_us := self._least_now_us(place)) is not None:
            place.set_exception(self._expired(place, wait_us))
        else:
            silent = f"it did not say within {ROUND_TRIP:g} s how long the wait is"
            place.set_timer(self._loop.call_later(ROUND_TRIP, self._end_unforeseen, place, silent))
            self.background_calls.run(self._give_up(place, self._lines.ahead_of(place)))

    async def _give_up(self, place: Place, ahead: Sequence[Group]) -> None:
        """End a wait whose time is over with its least possible length, if the store can say it."""
        try:
            wait_us = await self._least_us(place, ahead)
        except Exception as error:  # noqa: BLE001 - of whatever kind: it is the waiter who must hear of it
            self._end_unforeseen(place, _words(error))
            return
        if not place.done():
            place.set_exception(self._expired(place, wait_us))

    async def _least_us(self, place: Place, ahead: Sequence[Group]) -> int:
        """The least possible wait behind those ``ahead``, of whom none is counted twice if it is too long.

        For whom the store is asked meanwhile, its answer may count already; so as many are left out of the line.
        """
        dispatcher = self._dispatcher
        left_out = int(dispatcher.is_asking)
        asked_before = dispatcher.questions - left_out
        while True:
            before = dispatcher.questions
            wait_us = await self.forecasts.wait_us(_shorter(ahead, left_out), place.needs)
            asked = dispatcher.questions - asked_before
            if asked <= left_out or not place.is_too_late(wait_us):
                return wait_us
            left_out = asked + 2 * (dispatcher.questions - before)  # during the next answer there may be as many

    def _expired(self, place: Place, wait_us: int) -> Expired:
        by_pace = self.forecasts.is_by_pace(self._lines.ahead_of(place), place.needs, wait_us)
        return Expired(wait_us, by_pace=by_pace)

    def _end_unforeseen(self, place: Place, outage: str) -> None:
        """End a wait of which the store can't say how long it would be; ``outage`` says why."""
        if not place.done():
            place.set_exception(Expired(LONGEST_PAUSE_US, outage))

    def _least_now_us(self, place: Place) -> int | None:
        """The least possible wait, if the store can tell it at once; a store that fails is asked again later."""
        try:
            return self.forecasts.wait_now_us(self._lines.ahead_of(place), place.needs)
        except Exception:  # noqa: BLE001 - in the call of a newcomer, or in a timer, which nobody awaits
            return None


def _shorter(ahead: Sequence[Group], left_out: int) -> list[Group]:
    """The line ahead without ``left_out`` requests, whoever's they are."""
    return [group._replace(requests=max(0, group.requests - left_out)) for group in ahead]


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, QuotaStoreError) else f"{type(error).__name__}: {error}"
