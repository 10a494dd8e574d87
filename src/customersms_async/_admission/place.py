"""A place in the waiting room: what a batch's ticket waits on until it is let in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, final

from .ticket import Expired

if TYPE_CHECKING:
    from ..events import WaitReason
    from .lines import Line
    from .room import Room
    from .terms import Needs
    from .ticket import Ticket


class Admission(NamedTuple):
    """The tokens of a request that was let in, and when they were asked for (``clock.now_us``)."""

    grant: int
    asked_us: int


@final
class Place(asyncio.Future[Admission]):
    """A ticket's place in a room: await it to be let in.

    Whatever ends the wait (an admission, an error, a cancel) takes the place out of its line; and a cancel that comes
    at the very moment of the admission gives back what was granted. One small object instead of a coroutine that cleans
    up: there may be a hundred thousand of them.

    Mutable state: the line it stands in; whether what it was let in with can be given back by a cancel; the timer
    of its ``max_wait``; whether ``max_wait`` is still to be held against the store's first answer, and whether that was
    to wait.
    """

    __slots__ = ("_let_in", "_timer", "_told_to_wait", "_unchecked", "hold_us", "line", "needs", "room", "ticket")

    def __init__(self, room: Room, ticket: Ticket, needs: Needs, hold_us: int) -> None:
        super().__init__(loop=room.loop)
        self.room: Room = room
        self.ticket: Ticket = ticket
        self.needs: Needs = needs
        self.hold_us: int = hold_us
        self.line: Line | None = None
        self._let_in = False
        self._timer: asyncio.TimerHandle | None = None
        self._unchecked = False
        self._told_to_wait = False
        ticket.wait_begins(self)

    def stand(self, line: Line) -> None:
        """Stand in ``line`` from now on; the needs are shared with all who stand there."""
        self.line = line
        self.needs = line.needs

    def set_timer(self, timer: asyncio.TimerHandle) -> None:
        """Take ``timer``, which is cancelled when the wait ends, in place of an earlier one that has fired."""
        self._timer = timer

    def is_too_late(self, wait_us: int) -> bool:
        """Whether the ticket's time will be over after so long a wait."""
        expires = self.ticket.expires
        return expires is not None and wait_us > 0 and self.get_loop().time() + wait_us / 1e6 > expires

    def check_first_answer(self) -> None:
        """Have the store's first answer tell whether the least possible wait is too long."""
        self._unchecked = True

    def hear_wait(self, wait_us: int) -> None:
        """End the wait if the store's first answer, ``wait_us``, shows that it would be too long."""
        if self._unchecked and not self.done() and self.is_too_late(wait_us):
            self.set_exception(Expired(wait_us))
        self._unchecked = False
        self._told_to_wait = True

    def waited_for(self, lacked: WaitReason) -> WaitReason:
        """What it waited for, that ``lacked`` this when it came: for a store's answer, unless that was to wait."""
        return "quota" if lacked == "store" and self._told_to_wait else lacked

    def let_in(self, admission: Admission) -> None:
        """End the wait: the holder goes on."""
        self.set_result(admission)
        self._let_in = True
        self.ticket.was_let_in()
        self._end()

    def set_exception(self, error: type | BaseException, /) -> None:
        """End the wait with an error."""
        super().set_exception(error)
        self._end()

    def cancel(self, msg: object | None = None) -> bool:
        """End the wait, as the task that awaits this is cancelled; it may have been let in, and not heard of it yet."""
        if super().cancel(msg):
            self._end()
            return True
        if self._let_in:
            self._let_in = False
            self.room.forgo(self)
        return False

    def _end(self) -> None:
        self.ticket.wait_ends()
        if self._timer is not None:
            self._timer.cancel()
        line, self.line = self.line, None
        if line is not None:
            self.room.leave(self, line)
