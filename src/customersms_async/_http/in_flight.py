"""The requests in flight, for whoever closes: to wait for them, or to abort them."""

from __future__ import annotations

import asyncio
from typing import Any, final


@final
class InFlight:
    """The tasks that have a request on its way. Mutable state: these, and the future of who waits for the last."""

    __slots__ = ("_landed", "_tasks")

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], None] = {}  # a third of an empty set's size: there may be 10,000
        self._landed: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._tasks)

    def enter(self, task: asyncio.Task[Any]) -> None:
        """Count the request of ``task`` in."""
        self._tasks[task] = None

    def leave(self, task: asyncio.Task[Any]) -> None:
        """Count it out: what became of it is known and recorded."""
        self._tasks.pop(task, None)
        if not self._tasks:
            self._tasks = {}  # one that was emptied is as large as it was
            if self._landed is not None and not self._landed.done():
                self._landed.set_result(None)

    def abort(self) -> None:
        """Cancel every task: what became of its request will be recorded as unknown, unless it never left."""
        for task in tuple(self._tasks):
            task.cancel()

    async def wait(self) -> None:
        """Wait until none is left; for one at a time."""
        while self._tasks:
            self._landed = asyncio.get_running_loop().create_future()
            try:
                await self._landed
            finally:
                self._landed = None
