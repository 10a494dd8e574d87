"""A batch's ticket: its turn among the requests of a key."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..models import Priority


class Expired(Exception):  # noqa: N818 - a signal between two floors, never seen by a caller
    """A ticket's ``max_wait`` does not allow the wait: its least possible length is ``wait_us``.

    ``outage`` says why the quota store could not be asked, if that is what the ticket waited for; ``by_pace``, that it
    is the pace which makes it wait so long, and not the quota.
    """

    def __init__(self, wait_us: int, outage: str | None = None, *, by_pace: bool = False) -> None:
        super().__init__(wait_us, outage)
        self.wait_us = wait_us
        self.outage = outage
        self.by_pace = by_pace


class Held(Exception):  # noqa: N818 - a signal between two floors, never seen by a caller
    """The ticket is held back: wait until it is released, and stand in line again."""


class Stopped(Exception):  # noqa: N818 - a signal between two floors, never seen by a caller
    """The ticket's owner wants nothing more to be sent."""


@final
class Ticket:
    """A batch's turn: given when the batch comes, kept through retries, and by both halves when it is split.

    ``expires`` is the event loop's time after which the batch may no longer be let in, or ``None``. ``on_standing`` is
    called whenever it begins to stand in a line.

    Mutable state: these; the future that the ticket's holder waits on now (a place in a line, or a delay); whether it
    was let in before; the code for which it was stopped; and what to wait on while it is held back.
    """

    __slots__ = ("expires", "held", "number", "on_standing", "priority", "retried", "stopped", "waits_for")

    _numbers = itertools.count()

    def __init__(self, priority: Priority, expires: float | None = None) -> None:
        self.priority: Priority = priority
        self.expires: float | None = expires
        self.on_standing: Callable[[], object] | None = None
        self.number: int = next(self._numbers)
        self.retried: bool = False
        self.stopped: str | None = None
        self.held: asyncio.Future[None] | None = None
        self.waits_for: asyncio.Future[Any] | None = None

    def comes_before(self, other: Ticket) -> bool:
        """Whether this one is let in first: by priority, then by arrival."""
        return (self.priority, self.number) < (other.priority, other.number)

    def wait_begins(self, future: asyncio.Future[Any]) -> None:
        """Note what the holder waits on from now on."""
        self.waits_for = future

    def wait_ends(self) -> None:
        """Note that the holder waits no more."""
        self.waits_for = None

    def was_let_in(self) -> None:
        """Note that the batch was let in: if it comes again, that is a retry."""
        self.retried = True

    def stop(self, code: str) -> None:
        """Send nothing more for this ticket, because of ``code``: its wait ends with ``Stopped``, this or the next."""
        self.stopped = code
        if self.waits_for is not None and not self.waits_for.done():
            self.waits_for.set_exception(Stopped())
        self.release()

    def hold(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let nothing leave for this ticket until ``release``; it keeps its turn."""
        if self.held is None and self.stopped is None:
            self.held = loop.create_future()

    def release(self) -> None:
        """Go on after ``hold``."""
        if self.held is not None:
            _finish(self.held)
            self.held = None

    async def until_released(self) -> None:
        """Wait while the ticket is held back. Raises ``Stopped`` if it is stopped."""
        while self.held is not None:
            await self.held
        if self.stopped is not None:
            raise Stopped

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass. Raises ``Stopped`` if the ticket is stopped before or meanwhile."""
        if self.stopped is not None:
            raise Stopped
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        timer = loop.call_later(seconds, _finish, future)
        self.wait_begins(future)
        try:
            await future
        finally:
            timer.cancel()
            self.wait_ends()


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
