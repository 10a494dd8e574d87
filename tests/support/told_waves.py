"""Stores far away that write down what is asked of them, and what is asked at once."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any


class Waves:
    """``waves`` are the names of the calls that were under way together, one list for each time that anybody waited."""

    def __init__(self) -> None:
        self.waves: list[list[str]] = []
        self._under_way = 0

    def store(self, store: Any) -> Any:
        """The same store, far away: each call suspends before and after it takes effect."""
        return _FarStore(store, self)

    async def call(self, name: str, asked: Any, arguments: tuple[Any, ...]) -> Any:
        if not self._under_way:
            self.waves.append([])
        self.waves[-1].append(name)
        self._under_way += 1
        try:
            await asyncio.sleep(0)
            answer = await asked(*arguments)
            await asyncio.sleep(0)
            return answer
        finally:
            self._under_way -= 1


class _FarStore:
    in_process = False

    def __init__(self, store: Any, waves: Waves) -> None:
        self._store = store
        self._waves = waves

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._store, name)
        if not inspect.iscoroutinefunction(asked):
            return asked

        async def call(*arguments: Any) -> Any:
            return await self._waves.call(name, asked, arguments)

        return call
