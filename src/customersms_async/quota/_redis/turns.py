"""Turns at a server's connections: so many questions at a time, and the others wait."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self, final

if TYPE_CHECKING:
    from types import TracebackType


@final
class Turns:
    """At most ``most`` questions at a time in one event loop, the others in turn: ``async with turns``.

    Whoever waits for ``patience`` seconds in which nobody at all got an answer gives up with ``TimeoutError``: the
    server is out of reach, and would be for it too. While there are answers it waits on.

    Rejected: redis-py's own pools. One fails when all connections are in use, the other counts the wait against the
    time-out of a connection, and both lose a place for good when a caller is cancelled while giving it back.

    Mutable state: the free places, and when the last answer came, in the loop's time.
    """

    def __init__(self, most: int, patience: float) -> None:
        self._places = asyncio.Semaphore(most)
        self._patience = patience
        self._answered_at = 0.0

    def hear_answer(self) -> None:
        """Hear that the server has answered somebody."""
        self._answered_at = asyncio.get_running_loop().time()

    async def __aenter__(self) -> Self:
        if self._places.locked():
            await self._wait()
        else:
            await self._places.acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._places.release()

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            since = loop.time()
            try:
                async with asyncio.timeout(self._patience):
                    await self._places.acquire()
            except TimeoutError:
                if self._answered_at < since:
                    raise
            else:
                return
