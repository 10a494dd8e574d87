"""A place in the line, and what can become of it."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, NamedTuple, final

if TYPE_CHECKING:
    from .models import Priority
    from .quota import Grant


class Admission(NamedTuple):
    """The tokens of a request that was let in, and when they were asked for (``clock.now_us``)."""

    grant: Grant
    asked_us: int


class Expired(Exception):  # noqa: N818 - a signal between two floors, never seen by a caller
    """A ticket's ``max_wait`` does not allow the wait: its least possible length is ``wait_us``."""

    def __init__(self, wait_us: int) -> None:
        super().__init__(wait_us)
        self.wait_us = wait_us


class Stopped(Exception):  # noqa: N818 - a signal between two floors, never seen by a caller
    """The ticket's owner wants nothing more to be sent."""


@final
class Ticket:
    """A batch's place in the line, kept through its retries, and by both halves when it is split.

    ``expires`` is the event loop's time after which it may no longer be let in, or ``None``. Mutable state: the
    future that its holder waits on (for admission, or for a delay to pass), whether it was let in before, and the
    code for which it was stopped.
    """

    __slots__ = ("_waiting", "expires", "number", "priority", "retried", "stopped")

    _numbers = itertools.count()

    def __init__(self, priority: Priority, expires: float | None = None) -> None:
        self.priority = priority
        self.expires = expires
        self.number = next(self._numbers)
        self.retried = False
        self.stopped: str | None = None
        self._waiting: asyncio.Future[Admission | None] | None = None

    def stop(self, code: str) -> None:
        """Send nothing more for this ticket, because of ``code``: its wait ends with ``Stopped``, this or the next."""
        self.stopped = code
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Stopped())

    async def wait(self, future: asyncio.Future[Admission | None]) -> Admission | None:
        """Await ``future``; raises ``Stopped`` if the ticket is."""
        if self.stopped is not None:
            raise Stopped
        self._waiting = future
        try:
            return await future
        finally:
            self._waiting = None

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass; raises ``Stopped`` if the ticket is."""
        future: asyncio.Future[Admission | None] = asyncio.get_running_loop().create_future()
        timer = future.get_loop().call_later(seconds, finish, future)
        try:
            await self.wait(future)
        finally:
            timer.cancel()


def finish(future: asyncio.Future[Admission | None]) -> None:
    """End a wait without an admission, if it has not ended yet."""
    if not future.done():
        future.set_result(None)
