"""The wait that a store demands of somebody for whom it has no token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from .place import Place

LONGEST_SLEEP_US: Final = 60_000_000
"""Timers stand still while a machine sleeps and the quota's clock does not, so a long wait is looked at again."""


@final
class StoreWait:
    """Who was told to wait by the store, and the sleep until then.

    Mutable state: the place that was told to wait, and until when (in the loop's time); the future that is slept on.
    """

    __slots__ = ("_loop", "_place", "_sleep", "_until")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._place: Place | None = None
        self._until = 0.0
        self._sleep: asyncio.Future[None] | None = None

    def begin(self, place: Place, wait_us: int) -> None:
        """Note that ``place`` was told to wait for so long."""
        self._place = place
        self._until = self._loop.time() + min(wait_us, LONGEST_SLEEP_US) / 1e6

    def end(self) -> None:
        """Forget what the store said."""
        self._place = None

    def is_for(self, place: Place) -> bool:
        """Whether this place was told to wait."""
        return self._place is place

    def is_overtaken_by(self, place: Place) -> bool:
        """Whether ``place`` comes before the one that was told to wait."""
        return self._place is not None and place.ticket.comes_before(self._place.ticket)

    async def sleep(self, when_over: Callable[[], None]) -> None:
        """Sleep until ``wake``; ``when_over`` is called when the wait is over, and wakes."""
        self._sleep = future = self._loop.create_future()
        timer = self._loop.call_at(self._until, when_over)
        try:
            await future
        finally:
            timer.cancel()
            self._sleep = None

    def wake(self) -> None:
        """End the sleep, if there is one."""
        if self._sleep is not None and not self._sleep.done():
            self._sleep.set_result(None)
