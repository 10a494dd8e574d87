"""A place in the line, and what can become of it."""

from __future__ import annotations

import asyncio
import itertools
from bisect import bisect_left
from collections import deque
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, final

if TYPE_CHECKING:
    from .admission import Terms
    from .models import Priority


class Admission(NamedTuple):
    """The tokens of a request that was let in, and when they were asked for (``clock.now_us``)."""

    grant: int
    asked_us: int


class Expired(Exception):  # noqa: N818 - a signal between two floors, never seen by a caller
    """A ticket's ``max_wait`` does not allow the wait: its least possible length is ``wait_us``.

    ``trouble`` says why the quota store could not be asked, where that is what it waited for.
    """

    def __init__(self, wait_us: int, trouble: str | None = None) -> None:
        super().__init__(wait_us, trouble)
        self.wait_us = wait_us
        self.trouble = trouble


class Stopped(Exception):  # noqa: N818 - a signal between two floors, never seen by a caller
    """The ticket's owner wants nothing more to be sent."""


@final
class Ticket:
    """A batch's place in the line, kept through its retries, and by both halves when it is split.

    ``expires`` is the event loop's time after which it may no longer be let in, or ``None``. Mutable state: the
    future that its holder waits on (for admission, or for a delay to pass) with the terms and the hold of the request
    that it stands for, whether ``expires`` is still to be held against the store's first answer, whether it was let in
    before, and the code for which it was stopped.
    """

    __slots__ = ("expires", "future", "hold_us", "number", "priority", "retried", "stopped", "terms", "unchecked")

    _numbers = itertools.count()

    def __init__(self, priority: Priority, expires: float | None = None) -> None:
        self.priority = priority
        self.expires = expires
        self.number = next(self._numbers)
        self.retried = False
        self.unchecked = False
        self.stopped: str | None = None
        self.terms: Terms
        self.hold_us: int
        self.future: asyncio.Future[Admission | None] | None = None

    @property
    def waits(self) -> bool:
        """Whether its holder still waits."""
        return self.future is not None and not self.future.done()

    def stop(self, code: str) -> None:
        """Send nothing more for this ticket, because of ``code``: its wait ends with ``Stopped``, this or the next."""
        self.stopped = code
        if self.future is not None and not self.future.done():
            self.future.set_exception(Stopped())

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass; raises ``Stopped`` if the ticket is."""
        if self.stopped is not None:
            raise Stopped
        self.future = future = asyncio.get_running_loop().create_future()
        timer = future.get_loop().call_later(seconds, finish, future)
        try:
            await future
        finally:
            timer.cancel()
            self.future = None


@final
class Line:
    """Those who wait, in the order of their numbers; who left stays until it comes to the head or half have left.

    Entering is O(1) for a newcomer, and O(n) in a fast copy for one that comes back to its old place.
    """

    __slots__ = ("_left", "_tickets")

    def __init__(self) -> None:
        self._tickets: deque[Ticket] = deque()
        self._left = 0

    def enter(self, ticket: Ticket) -> None:
        """Stand where the number says."""
        tickets = self._tickets
        if not tickets or tickets[-1].number < ticket.number:
            tickets.append(ticket)
        else:
            tickets.insert(bisect_left(tickets, ticket.number, key=attrgetter("number")), ticket)

    def head(self) -> Ticket | None:
        """The first who still waits."""
        tickets = self._tickets
        while tickets:
            if tickets[0].waits:
                return tickets[0]
            tickets.popleft()
            self._left -= 1
        return None

    def serve(self, ticket: Ticket) -> None:
        """Let one go who still waits: the head, or one who was it a moment ago."""
        if self._tickets[0] is ticket:
            self._tickets.popleft()
        else:
            self._tickets.remove(ticket)

    def leave(self) -> None:
        """Count one who does not wait any more, wherever it stands."""
        self._left += 1
        if 2 * self._left > len(self._tickets) + 64:
            self._left = 0
            self._tickets = deque(ticket for ticket in self._tickets if ticket.waits)


def finish(future: asyncio.Future[Admission | None]) -> None:
    """End a wait without an admission, if it has not ended yet."""
    if not future.done():
        future.set_result(None)
