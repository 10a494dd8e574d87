"""The wait of a run's loop: for a change that may let the next request go, or for the end of a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    import asyncio


@final
class RunWait:
    """Has the loop of one run wait until it is woken, or until its pause is over.

    Mutable state: until when the run pauses, in the event loop's time; and the future that the loop waits on.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._paused_until = 0.0
        self._change: asyncio.Future[None] | None = None

    @property
    def is_paused(self) -> bool:
        """Whether a pause is not over yet."""
        return self._loop.time() < self._paused_until

    def pause(self, seconds: float) -> None:
        """Pause for so long from now; the later end of two pauses counts."""
        self._paused_until = max(self._paused_until, self._loop.time() + seconds)

    def wake(self) -> None:
        """Have the loop look again, as something has changed."""
        if self._change is not None and not self._change.done():
            self._change.set_result(None)

    async def wait(self) -> None:
        """Wait until ``wake``, or until the pause is over, also one that is over by now: it was not a moment ago."""
        self._change = self._loop.create_future()
        timer = None
        if self._paused_until:
            timer = self._loop.call_later(max(0.0, self._paused_until - self._loop.time()), self._end_pause)
        try:
            await self._change
        finally:
            self._change = None
            if timer is not None:
                timer.cancel()

    def _end_pause(self) -> None:
        if self._loop.time() >= self._paused_until:
            self._paused_until = 0.0
        self.wake()
