"""The gates in front of the connections: one for each key, and one for all keys of an event loop.

An engine itself never queues anything: httpx's gets slow with its queue, and loses places for good when queued requests
are cancelled. A key has ``max_concurrency`` connections to itself, whatever other keys do, until there are more than
the process can hold: then the keys take turns.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import Final, Protocol, final

from .._core.options import MAX_CONNECTIONS
from ..models import Priority

_BULK: Final = Priority.BULK  # looked up once, as that takes longer than all the rest

BULK_LEAVES: Final = 8
"""One in so many connections of the event loop is left to others by BULK, whose requests may all be slow at a time."""


class ConnectionTaker(Protocol):
    """Somebody who wants a connection and is told when one is free."""

    def offer(self, connections: Connections) -> bool:
        """Use a connection that is free; false if it is not wanted any more."""


@final
class Connections:
    """Lets at most ``capacity`` requests of a key through at a time; of BULK one fewer, or one if ``capacity`` is one.

    Mutable state: the connections taken, and those of them taken by BULK; how many more the event loop's gate has
    promised; who wants one, in order (for BULK, and for others); and ``waiting``, the number of requests that wait for
    this gate in all rooms.
    """

    __slots__ = (
        "__weakref__",
        "_all",
        "_bulk",
        "_bulk_capacity",
        "_promised",
        "_taken",
        "_wanted",
        "_wanted_by_bulk",
        "capacity",
        "waiting",
    )

    def __init__(self, capacity: int, all_of_loop: LoopConnections | None = None) -> None:
        self.capacity: int = capacity
        self.waiting: int = 0
        self._all = all_of_loop or LoopConnections()
        self._bulk_capacity = max(1, capacity - 1)
        self._taken = 0
        self._bulk = 0
        self._promised = 0
        self._wanted: tuple[ConnectionTaker, ...] = ()  # one room, mostly
        self._wanted_by_bulk: tuple[ConnectionTaker, ...] = ()

    def wait_begins(self) -> None:
        """Count one more request that waits for this gate."""
        self.waiting += 1

    def wait_ends(self) -> None:
        """Count one request fewer that waits for this gate."""
        self.waiting -= 1

    def free(self, priority: Priority) -> bool:
        """Whether a request of this priority may have a connection now."""
        is_bulk = priority is _BULK
        if self._taken >= self.capacity or (is_bulk and self._bulk >= self._bulk_capacity):
            return False
        return self._promised > 0 or self._all.free(self.capacity, is_bulk=is_bulk)

    def take(self, priority: Priority) -> None:
        """Count one connection as taken; only after ``free``."""
        is_bulk = priority is _BULK
        self._taken += 1
        self._bulk += is_bulk
        self._all.take(is_bulk=is_bulk)
        if self._promised:
            self._promised -= 1
            self._all.return_promises(1)

    def release(self, priority: Priority) -> None:
        """Count one connection as free again, and offer it to the next who wants one."""
        is_bulk = priority is _BULK
        self._taken -= 1
        self._bulk -= is_bulk
        self._all.release(is_bulk=is_bulk)
        if self._wanted or self._wanted_by_bulk:
            self.pass_on()

    def want(self, taker: ConnectionTaker, priority: Priority) -> None:
        """Tell ``taker`` once, in its turn, when a connection is free for this priority."""
        is_bulk = priority is _BULK
        if is_bulk:
            self._wanted_by_bulk = _with(self._wanted_by_bulk, taker)
        else:
            self._wanted = _with(self._wanted, taker)
        if self._taken < self.capacity:
            self._want_of_loop()
        else:
            self._return_promises()

    def pass_on(self) -> bool:
        """Offer a free connection, if there is one, to the next who wants it; true if somebody does."""
        if not self._wanted and not self._wanted_by_bulk:
            return False
        while self._wanted and self.free(Priority.NORMAL):
            taker, *others = self._wanted
            self._wanted = tuple(others)
            if taker.offer(self):
                return True
        while self._wanted_by_bulk and self.free(Priority.BULK):
            taker, *others = self._wanted_by_bulk
            self._wanted_by_bulk = tuple(others)
            if taker.offer(self):
                return True
        self._want_of_loop()
        return False

    def decline(self) -> None:
        """Offer a connection to others, as whoever was offered it has no use for it now."""
        if (self._promised or self._wanted or self._wanted_by_bulk) and not self.pass_on():
            self._return_promises()

    def promise(self) -> bool:
        """Have one connection of the event loop's gate, for whoever wants it; false if nobody does any more."""
        self._promised += 1
        if self.pass_on():
            return True
        self._promised -= 1
        return False

    def _want_of_loop(self) -> None:
        """Stand in the loop's line for whoever lacks nothing but one of the loop's connections."""
        if self._taken < self.capacity:
            if self._wanted:
                self._all.want(self, is_bulk=False)
            if self._wanted_by_bulk and self._bulk < self._bulk_capacity:
                self._all.want(self, is_bulk=True)

    def _return_promises(self) -> None:
        promised, self._promised = self._promised, 0
        if promised:
            self._all.return_promises(promised)


@final
class LoopConnections:
    """Lets at most ``most`` requests of one event loop through at a time, or as many as a key may have that has more.

    Where there are none left, the keys that want one get it in turn, one at a time, those of BULK last. Mutable state:
    the connections taken or promised, those of them taken by BULK; and the gates of the keys that want one, in order.
    """

    __slots__ = ("_bulk", "_most", "_most_bulk", "_taken", "_wanted", "_wanted_by_bulk")

    def __init__(self, most: int = MAX_CONNECTIONS) -> None:
        self._most = most
        self._most_bulk = max(1, most - -(-most // BULK_LEAVES))
        self._taken = 0
        self._bulk = 0
        self._wanted: dict[Connections, None] = {}
        self._wanted_by_bulk: dict[Connections, None] = {}

    def free(self, capacity: int, *, is_bulk: bool) -> bool:
        """Whether a key with so many connections of its own may have one now."""
        if is_bulk and self._bulk >= self._most_bulk and self._bulk >= capacity - 1:
            return False
        return self._taken < self._most or self._taken < capacity

    def take(self, *, is_bulk: bool) -> None:
        """Count one of the loop's connections as taken."""
        self._taken += 1
        self._bulk += is_bulk

    def release(self, *, is_bulk: bool) -> None:
        """Count one of the loop's connections as free again, and promise it to the next key that wants one."""
        self._taken -= 1
        self._bulk -= is_bulk
        if self._wanted or self._wanted_by_bulk:
            self._promise()

    def want(self, connections: Connections, *, is_bulk: bool) -> None:
        """Promise a key one of the loop's connections, once, in its turn."""
        (self._wanted_by_bulk if is_bulk else self._wanted)[connections] = None

    def return_promises(self, count: int) -> None:
        """Count so many as free again that were promised, and are not wanted any more or counted as taken by now."""
        self._taken -= count
        if self._wanted or self._wanted_by_bulk:
            self._promise()

    def _promise(self) -> None:
        for wanted, is_bulk in ((self._wanted, False), (self._wanted_by_bulk, True)):
            while wanted:
                connections = next(iter(wanted))
                if not self.free(connections.capacity, is_bulk=is_bulk):
                    break
                del wanted[connections]
                self._taken += 1
                if not connections.promise():
                    self._taken -= 1


@final
class Gates:
    """The gates of the keys whose requests go through one engine: one for each, for as long as somebody holds it.

    Mutable state: these.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._gates: weakref.WeakValueDictionary[str, Connections] = weakref.WeakValueDictionary()

    def of(self, key_id: str) -> Connections:
        """The gate of one key in the running event loop, which is the engine's."""
        gate = self._gates.get(key_id)
        if gate is None:
            gate = self._gates[key_id] = Connections(self._capacity, _of_running_loop())
        return gate


_of_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LoopConnections] = weakref.WeakKeyDictionary()


def _of_running_loop() -> LoopConnections:
    loop = asyncio.get_running_loop()
    found = _of_loops.get(loop)
    if found is None:
        found = _of_loops.setdefault(loop, LoopConnections())
    return found


def _with(takers: tuple[ConnectionTaker, ...], taker: ConnectionTaker) -> tuple[ConnectionTaker, ...]:
    return takers if taker in takers else (*takers, taker)
