"""The gate in front of one HTTP pool."""

from __future__ import annotations

from typing import Protocol, final

from ..models import Priority


class _Room(Protocol):
    def offer(self, connections: Connections) -> bool:
        """Hear that a connection is free; false if nobody here wants it any more."""


@final
class Connections:
    """At most ``capacity`` requests at a time, BULK at most one fewer (but one).

    The pool itself never queues anything: httpx's gets slow with its queue, and loses places for good when queued
    requests are cancelled. Mutable state: the connections taken, those of them taken by BULK, the rooms that wait for
    one, in their order (those whose first waiter is BULK, and the others), and ``waiting``, in which the rooms count
    all who wait for this pool.
    """

    __slots__ = ("_bulk", "_taken", "_wanted", "_wanted_by_bulk", "capacity", "waiting")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.waiting = 0
        self._taken = 0
        self._bulk = 0
        self._wanted: dict[_Room, None] = {}
        self._wanted_by_bulk: dict[_Room, None] = {}

    def free(self, priority: Priority) -> bool:
        """Whether a request of this priority may have a connection now."""
        if priority is Priority.BULK and self._bulk >= max(1, self.capacity - 1):
            return False
        return self._taken < self.capacity

    def take(self, priority: Priority) -> None:
        """Count one connection as taken; only after ``free``."""
        self._taken += 1
        self._bulk += priority is Priority.BULK

    def release(self, priority: Priority) -> None:
        """Count it as free again, and let the next room know."""
        self._taken -= 1
        self._bulk -= priority is Priority.BULK
        self.pass_on()

    def want(self, room: _Room, priority: Priority) -> None:
        """Tell ``room`` once, in its turn, when a connection is free for this priority."""
        (self._wanted_by_bulk if priority is Priority.BULK else self._wanted)[room] = None

    def pass_on(self) -> None:
        """Let the next room know if a connection is free for it."""
        if not self._wanted and not self._wanted_by_bulk:
            return
        for rooms, priority in ((self._wanted, Priority.NORMAL), (self._wanted_by_bulk, Priority.BULK)):
            while rooms and self.free(priority):
                room = next(iter(rooms))
                del rooms[room]
                if room.offer(self):
                    return
