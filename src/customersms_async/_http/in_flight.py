"""The requests in flight over one transport, for whoever closes: to wait for them, or to abort them."""

from __future__ import annotations

import asyncio
from typing import Any, final


@final
class InFlight:
    """The tasks that have a request on its way, each with its owner, as several clients may share the connections.

    Mutable state: these, and the futures of those who wait for one to end.
    """

    __slots__ = ("_owners", "_waiters")

    def __init__(self) -> None:
        self._owners: dict[asyncio.Task[Any], object] = {}
        self._waiters: tuple[asyncio.Future[None], ...] = ()

    def __len__(self) -> int:
        return len(self._owners)

    def enter(self, task: asyncio.Task[Any], owner: object) -> None:
        """Count in a request of ``owner``, which runs in ``task``."""
        self._owners[task] = owner

    def leave(self, task: asyncio.Task[Any]) -> None:
        """Count out the request of ``task``: what became of it is known and recorded."""
        self._owners.pop(task, None)
        if not self._owners:
            self._owners = {}  # a dictionary that was emptied is as large as it was: there may be 10,000
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def abort(self) -> None:
        """Cancel every task: what became of its request will be recorded as unknown, unless it never left."""
        for task in tuple(self._owners):
            task.cancel()

    async def wait(self) -> None:
        """Wait until no request is left."""
        while self._owners:
            await self._one_ends()

    async def wait_for(self, owner: object) -> None:
        """Wait until no request of ``owner`` is left."""
        while any(each is owner for each in self._owners.values()):
            await self._one_ends()

    async def _one_ends(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters = (*self._waiters, waiter)
        try:
            await waiter
        finally:
            self._waiters = tuple(each for each in self._waiters if each is not waiter)
