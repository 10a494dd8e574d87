"""The requests in flight over one transport, for whoever closes: to wait for them, or to abort them."""

from __future__ import annotations

import asyncio
from typing import Any, final


@final
class InFlight:
    """The tasks that have a request on its way, each with its owner, as several clients may share the connections.

    Mutable state: these; those of them whose answer is known and only to be recorded; and the futures of those who wait
    for one to end.
    """

    __slots__ = ("_answered", "_owners", "_waiters")

    def __init__(self) -> None:
        self._owners: dict[asyncio.Task[Any], object] = {}
        self._answered: tuple[asyncio.Task[Any], ...] = ()  # few at a time, and in most of 10,000 none ever
        self._waiters: tuple[asyncio.Future[None], ...] = ()

    def __len__(self) -> int:
        return len(self._owners)

    def has(self, owner: object) -> bool:
        """Whether a request of ``owner`` is on its way."""
        return any(each is owner for each in self._owners.values())

    def enter(self, task: asyncio.Task[Any], owner: object) -> None:
        """Count in a request of ``owner``, which runs in ``task``."""
        self._owners[task] = owner

    def is_answered(self, task: asyncio.Task[Any]) -> None:
        """Note that what became of the request of ``task`` is known, and must still be recorded."""
        self._answered = (*self._answered, task)

    def leave(self, task: asyncio.Task[Any]) -> None:
        """Count out the request of ``task``: what became of it is known and recorded."""
        self._owners.pop(task, None)
        if self._answered:
            self._answered = tuple(each for each in self._answered if each is not task)
        if not self._owners:
            self._owners = {}  # a dictionary that was emptied is as large as it was: there may be 10,000
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def abort(self, owner: object = None) -> int:
        """Cancel the tasks of ``owner``, or all, and say how many these are.

        What became of their requests will be recorded as unknown, unless they never left. Those whose answer is known
        are left to record it.
        """
        tasks = [t for t, whose in self._owners.items() if owner in (None, whose) and t not in self._answered]
        for task in tasks:
            task.cancel()
        return len(tasks)

    async def wait(self) -> None:
        """Wait until no request is left."""
        self._hear_of_ends()
        while self._owners:
            await self._one_ends()

    async def wait_for(self, owner: object) -> None:
        """Wait until no request of ``owner`` is left."""
        self._hear_of_ends()
        while self.has(owner):
            await self._one_ends()

    def _hear_of_ends(self) -> None:
        """Count each out that ends in whatever way: a signal's handler may raise just where it is to be counted out."""
        for task in self._owners:
            task.add_done_callback(self.leave)

    async def _one_ends(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters = (*self._waiters, waiter)
        try:
            await waiter
        finally:
            self._waiters = tuple(each for each in self._waiters if each is not waiter)
