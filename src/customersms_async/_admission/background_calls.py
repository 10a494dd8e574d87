"""Calls to a store on behalf of somebody who can't wait for the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from .._runtime.tasks import start

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine


@final
class BackgroundCalls:
    """Tasks that run by themselves. Mutable state: the tasks, as the loop alone does not keep them."""

    __slots__ = ("_loop", "_tasks")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._tasks: dict[asyncio.Task[None], None] = {}

    def run(self, call: Coroutine[Any, Any, None]) -> None:
        """Have ``call`` run in a task of its own."""
        task = start(self._loop, call)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
