"""The gate in front of one HTTP pool."""

from __future__ import annotations

from typing import Protocol, final

from ..models import Priority


class ConnectionTaker(Protocol):
    """Somebody who wants a connection and is told when one is free."""

    def offer(self, connections: Connections) -> bool:
        """Hear that a connection is free; false if it is not wanted any more."""


@final
class Connections:
    """Lets at most ``capacity`` requests through at a time; of BULK at most one fewer, or one if ``capacity`` is one.

    The pool itself never queues anything: httpx's gets slow with its queue, and loses places for good when queued
    requests are cancelled. Mutable state: the connections taken, and those of them taken by BULK; who wants one, in
    order (for BULK, and for others); and ``waiting``, the number of requests that wait for this pool in all rooms.
    """

    __slots__ = ("_bulk", "_taken", "_wanted", "_wanted_by_bulk", "capacity", "waiting")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.waiting = 0
        self._taken = 0
        self._bulk = 0
        self._wanted: dict[ConnectionTaker, None] = {}
        self._wanted_by_bulk: dict[ConnectionTaker, None] = {}

    def wait_begins(self) -> None:
        """Count one more request that waits for this pool."""
        self.waiting += 1

    def wait_ends(self) -> None:
        """Count one fewer."""
        self.waiting -= 1

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
        """Count one connection as free again, and offer it to the next who wants one."""
        self._taken -= 1
        self._bulk -= priority is Priority.BULK
        self.pass_on()

    def want(self, taker: ConnectionTaker, priority: Priority) -> None:
        """Tell ``taker`` once, in its turn, when a connection is free for this priority."""
        (self._wanted_by_bulk if priority is Priority.BULK else self._wanted)[taker] = None

    def pass_on(self) -> None:
        """Offer a free connection, if there is one, to the next who wants it."""
        if not self._wanted and not self._wanted_by_bulk:
            return
        for takers, priority in ((self._wanted, Priority.NORMAL), (self._wanted_by_bulk, Priority.BULK)):
            while takers and self.free(priority):
                taker = next(iter(takers))
                del takers[taker]
                if taker.offer(self):
                    return
