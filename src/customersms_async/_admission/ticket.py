"""A batch's turn: its ticket, the place in a line where the ticket waits, and the line."""

from __future__ import annotations

import asyncio
import itertools
from bisect import bisect_left
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, final

if TYPE_CHECKING:
    from ..models import Priority
    from .terms import Terms


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


class Held(Exception):  # noqa: N818 - a signal between two floors, never seen by a caller
    """The ticket is held back: wait until it is released, and stand in line again."""


class Stopped(Exception):  # noqa: N818 - a signal between two floors, never seen by a caller
    """The ticket's owner wants nothing more to be sent."""


@final
class Ticket:
    """A batch's place in the order, kept through its retries, and by both halves when it is split.

    ``expires`` is the event loop's time after which it may no longer be let in, or ``None``. Mutable state: the future
    that its holder waits on (its place in a line, or a delay to pass), whether it was let in before, the code for
    which it was stopped, and what to wait on while it is held back.
    """

    __slots__ = ("expires", "held", "number", "priority", "retried", "stopped", "waits_for")

    _numbers = itertools.count()

    def __init__(self, priority: Priority, expires: float | None = None) -> None:
        self.priority = priority
        self.expires = expires
        self.number = next(self._numbers)
        self.retried = False
        self.stopped: str | None = None
        self.held: asyncio.Future[None] | None = None
        self.waits_for: asyncio.Future[Any] | None = None

    def comes_before(self, other: Ticket) -> bool:
        """By priority, then by arrival."""
        return (self.priority, self.number) < (other.priority, other.number)

    def stop(self, code: str) -> None:
        """Send nothing more for this ticket, because of ``code``: its wait ends with ``Stopped``, this or the next."""
        self.stopped = code
        if isinstance(self.waits_for, Place):
            self.waits_for.fail(Stopped())
        elif self.waits_for is not None and not self.waits_for.done():
            self.waits_for.set_exception(Stopped())
        self.release()

    def hold(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let nothing leave for this ticket until ``release``; it keeps its place in the order."""
        if self.held is None and self.stopped is None:
            self.held = loop.create_future()

    def release(self) -> None:
        """Go on after ``hold``."""
        if self.held is not None:
            finish(self.held)
            self.held = None

    async def until_released(self) -> None:
        """Wait while it is held back; raises ``Stopped`` if it is stopped."""
        while self.held is not None:
            await self.held
        if self.stopped is not None:
            raise Stopped

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass; raises ``Stopped`` if the ticket is."""
        if self.stopped is not None:
            raise Stopped
        self.waits_for = future = asyncio.get_running_loop().create_future()
        timer = future.get_loop().call_later(seconds, finish, future)
        try:
            await future
        finally:
            timer.cancel()
            self.waits_for = None


class _Room(Protocol):
    def leave(self, place: Place) -> None:
        """Hear that a place waits no more, and was not let in."""

    def forgo(self, place: Place) -> None:
        """Hear that one was let in at the moment at which nobody waited any more."""


@final
class Place(asyncio.Future[Admission]):
    """A ticket's place in a room: await it to be let in.

    Whoever is cancelled while awaiting it leaves the line; or, if the admission came at that very moment, forgoes it.
    One small object instead of a coroutine that cleans up: there may be a hundred thousand of them. Mutable state: the
    room, once it stands there; its timer; whether ``max_wait`` is still to be held against the store's first answer.
    """

    __slots__ = ("hold_us", "room", "terms", "ticket", "timer", "unchecked")

    def __init__(self, loop: asyncio.AbstractEventLoop, ticket: Ticket, terms: Terms, hold_us: int) -> None:
        super().__init__(loop=loop)
        self.ticket = ticket
        self.terms = terms
        self.hold_us = hold_us
        self.room: _Room | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.unchecked = False
        ticket.waits_for = self

    def let_in(self, admission: Admission) -> None:
        """Let its holder go on."""
        self.set_result(admission)
        self.ticket.retried = True
        self._end()

    def fail(self, error: Exception) -> None:
        """End the wait with an error."""
        self.set_exception(error)
        self._end()
        if self.room is not None:
            self.room.leave(self)

    def cancel(self, msg: object | None = None) -> bool:
        """Called when the task that awaits this is cancelled, even if this is done and the task has not heard yet."""
        room = self.room
        if super().cancel(msg):
            self._end()
            if room is not None:
                room.leave(self)
            return True
        if not self.cancelled() and self.exception() is None and room is not None:
            self.room = None
            room.forgo(self)
        return False

    def _end(self) -> None:
        self.ticket.waits_for = None
        if self.timer is not None:
            self.timer.cancel()


@final
class Line:
    """Places in the order of their tickets; one that ended stays until it comes to the head or half have ended.

    Entering is O(1) for a newcomer, and O(n) in a fast copy for one that comes back to its old place. ``waiting`` is
    how many wait on which terms.
    """

    __slots__ = ("_ended", "_places", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[Terms, int] = {}
        self._places: deque[Place] = deque()
        self._ended = 0

    def enter(self, place: Place) -> None:
        """Stand where the ticket's number says."""
        places, number = self._places, place.ticket.number
        if not places or places[-1].ticket.number < number:
            places.append(place)
        else:
            places.insert(bisect_left(places, number, key=_number), place)
        self.waiting[place.terms] = self.waiting.get(place.terms, 0) + 1

    def head(self) -> Place | None:
        """The first that has not ended."""
        places = self._places
        while places:
            if not places[0].done():
                return places[0]
            places.popleft()
            self._ended -= 1
        return None

    def leave(self, place: Place) -> None:
        """Count one that has ended, wherever it stands."""
        left = self.waiting[place.terms] - 1
        if left:
            self.waiting[place.terms] = left
        else:
            del self.waiting[place.terms]
        self._ended += 1
        if 2 * self._ended > len(self._places) + 64:
            self._ended = 0
            self._places = deque(place for place in self._places if not place.done())


def _number(place: Place) -> int:
    return place.ticket.number


def finish(future: asyncio.Future[None]) -> None:
    """End a wait, if it has not ended yet."""
    if not future.done():
        future.set_result(None)
