"""A quota store in memory whose calls about caps do what a test tells them to, before or after they take effect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from customersms_async import MemoryQuota, QuotaStoreError

Deed = Callable[[], Awaitable[None]]


class ToldQuota:
    """Asks a ``MemoryQuota``. ``before`` and ``after`` are what the next calls do besides, by their names.

    ``apart``: it is a store that other processes share, as far as anybody can tell. ``calls`` are those about caps.
    """

    def __init__(self, store: MemoryQuota | None = None, *, apart: bool = False) -> None:
        self.store = store or MemoryQuota()
        self.in_process = not apart
        self.before: dict[str, list[Deed]] = {}
        self.after: dict[str, list[Deed]] = {}
        self.calls: list[str] = []

    def fail(self, call: str, times: int = 1, *, temporary: bool = True, late: bool = False) -> None:
        """Have the next calls of this name fail, before or (``late``) after they took effect."""

        async def failing() -> None:
            raise QuotaStoreError("out of reach", temporary=temporary)

        (self.after if late else self.before)[call] = [failing] * times

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self.store, name)
        if not name.endswith("_caps"):
            return asked

        async def call(*arguments: Any) -> Any:
            self.calls.append(name)
            await self._do(self.before, name)
            answer = await asked(*arguments)
            await self._do(self.after, name)
            return answer

        return call

    @staticmethod
    async def _do(deeds: dict[str, list[Deed]], name: str) -> None:
        if deeds.get(name):
            await deeds[name].pop()()
