"""An engine's connections: opened as they are asked for, used by one request at a time, kept for a moment when idle.

One pool for all of them was rejected: httpcore's looks at every connection several times in each request, and loses a
place for good when a request is cancelled at the wrong step (encode/httpcore issue 1093).
"""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar, final

from .._runtime.shutdown import AtShutdown
from .._runtime.tasks import start

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

SHUTDOWN_SECONDS: Final = 1.0
"""Seconds that the end of an event loop waits for connections to close: to cut one takes some turns of the loop."""


class Closable(Protocol):
    """A connection, or what holds one."""

    async def aclose(self) -> None:
        """Close the connection; for good, though the call may be cancelled."""


ConnectionT = TypeVar("ConnectionT", bound=Closable)


class Idle(NamedTuple, Generic[ConnectionT]):
    """A connection that nobody uses, and since when: a moment of the event loop's clock."""

    connection: ConnectionT
    since: float


@final
class ConnectionStacks(Generic[ConnectionT]):
    """All connections of one engine: taken by a request, or idle on the stack of the route along which they lead.

    The one that was used last is taken first, so that no more are kept than are used, and those are surely alive. One
    that was idle for ``keep`` seconds is closed, by a single timer, whether anybody sends or not. Taking one and giving
    it back cost the same however many there are. If their event loop is shut down before they are closed, as
    ``asyncio.run`` does it, they are closed then.

    Mutable state: the connections that are taken; the stacks, each in the order in which its connections became idle;
    the timer, if any is idle; the tasks that close some; what hears of the loop's end, and whether it ends; and whether
    all was ``closed``.
    """

    def __init__(self, keep: float) -> None:
        self._keep: Final = keep
        self._taken: set[ConnectionT] = set()
        self._stacks: dict[object, deque[Idle[ConnectionT]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._at_shutdown: AtShutdown | None = None
        self._ending = False
        self.closed = False

    def take(self, route: object, make: Callable[[], ConnectionT]) -> ConnectionT:
        """The connection of ``route`` that became idle last, else a new one."""
        stack = self._stacks.get(route)
        connection = stack.pop().connection if stack else make()
        self._taken.add(connection)
        return connection

    def give_back(self, route: object, connection: ConnectionT) -> None:
        """Keep a connection that was taken, for the next request along ``route``."""
        self._taken.discard(connection)
        loop = asyncio.get_running_loop()
        if self.closed or self._ending:
            self._close(loop, [connection])
            return
        if self._at_shutdown is None:
            self._at_shutdown = AtShutdown(partial(_shut_down, weakref.ref(self)))
        stack = self._stacks.get(route)
        if stack is None:
            stack = self._stacks[route] = deque()
        stack.append(Idle(connection, loop.time()))
        if self._timer is None:
            self._timer = loop.call_later(self._keep, self._close_expired, loop)

    async def discard(self, connection: ConnectionT) -> None:
        """Close a connection that was taken: what came of its request, or what is left to read on it, is not sure."""
        self._taken.discard(connection)
        await connection.aclose()

    async def aclose(self) -> None:
        """Close every connection, idle or taken. If this is cancelled, the closing goes on."""
        self.closed = True
        self._at_shutdown = None
        self._close_all()
        if self._closing:
            await asyncio.wait(self._closing)

    def shut_down(self) -> Awaitable[object] | None:
        """Close every connection, as the event loop ends; gives what waits for that, if there is any."""
        self._ending = True
        self._close_all()
        return asyncio.wait(self._closing, timeout=SHUTDOWN_SECONDS) if self._closing else None

    def _close_all(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        self._close(loop, [*self._taken, *(idle.connection for stack in self._stacks.values() for idle in stack)])
        self._taken.clear()
        self._stacks.clear()

    def _close_expired(self, loop: asyncio.AbstractEventLoop) -> None:
        expired: list[ConnectionT] = []
        until = loop.time() - self._keep
        for route, stack in tuple(self._stacks.items()):
            while stack and stack[0].since <= until:
                expired.append(stack.popleft().connection)
            if not stack:
                del self._stacks[route]
        oldest = min((stack[0].since for stack in self._stacks.values()), default=None)
        self._timer = None if oldest is None else loop.call_at(oldest + self._keep, self._close_expired, loop)
        self._close(loop, expired)

    def _close(self, loop: asyncio.AbstractEventLoop, connections: Iterable[ConnectionT]) -> None:
        for connection in connections:
            task = start(loop, connection.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closed_one)

    def _closed_one(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled():
            task.exception()  # nothing can be done about a connection that does not even close


def _shut_down(stacks: weakref.ref[ConnectionStacks[Any]]) -> Awaitable[object] | None:
    found = stacks()
    return None if found is None or found.closed else found.shut_down()
