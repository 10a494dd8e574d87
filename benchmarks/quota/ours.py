"""Our side of every comparison: the waiting room over the store in memory, with nothing else in the way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from customersms_async import DOCUMENTED_LIMITS, Limit, MemoryQuota, Priority
from customersms_async._admission.room import Room
from customersms_async._admission.terms import Terms
from customersms_async._admission.ticket import Ticket
from customersms_async._http.connections import Connections
from customersms_async._runtime.clock import now_us

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "key"


class Ours:
    """Requests of one key: no reserve, no pace, no gate on connections. ``clock`` gives integer microseconds."""

    def __init__(self, limits: tuple[Limit, ...] = DOCUMENTED_LIMITS, clock: Callable[[], int] = now_us) -> None:
        self._store = MemoryQuota(clock=clock)
        self._room = Room(self._store, KEY, asyncio.get_running_loop())
        self._terms = Terms.of(limits, 0.0, None, Connections(10**9))

    async def enter(self, hold_us: int) -> int:
        """Wait until a request may leave; the number under which it holds its tokens."""
        return (await self._room.admit(Ticket(Priority.NORMAL), self._terms, hold_us)).grant

    async def answered(self, grant: int) -> None:
        """The answer is there."""
        await self._store.settle(KEY, grant)
        self._terms.connections.release(Priority.NORMAL)

    async def request(self) -> None:
        """A request whose answer is there at once."""
        admission = await self._room.admit(Ticket(Priority.NORMAL), self._terms, 30_000_000)
        await self._store.settle(KEY, admission.grant)
        self._terms.connections.release(Priority.NORMAL)


def of_loop() -> Ours:
    """Under the documented limits, on the running loop's time."""
    loop = asyncio.get_running_loop()
    return Ours(clock=lambda: round(loop.time() * 1e6))
