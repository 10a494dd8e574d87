"""How a contract gets at the suppression store that it tests, and at what is in it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ..clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from contextlib import AbstractAsyncContextManager

ANN, BEN, CARA = "+12125551234", "+442071838750", "+4915112345678"
LONG_AND_SHORT = "+491511234567890", "+2904567"
"""Of fifteen digits, and of seven: the longest and the shortest that there are."""


class SuppressionTest:
    """Opens the store that is tested. The tests are plain functions, each with an event loop of its own."""

    keeps_entries = True
    """Whether the store has ``add``, ``remove`` and ``entries``, and takes its time of the ``clock``."""

    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[Any]:
        """A store on this clock (microseconds since the epoch).

        Within one test, all calls must open the same place, which is empty at first.

        Raises:
            NotImplementedError: unless it is overridden.
        """
        raise NotImplementedError

    async def add(self, store: Any, phones: Sequence[str]) -> None:
        """Suppress ``phones``; overridden for a store that can't itself.

        Raises:
            SuppressionStoreError: if the store can't be used.
        """
        await store.add(phones)

    async def remove(self, store: Any, phones: Sequence[str]) -> None:
        """Suppress ``phones`` no more; overridden likewise.

        Raises:
            SuppressionStoreError: if the store can't be used.
        """
        await store.remove(phones)

    def check(self, test: Callable[[Any, ManualClock], Coroutine[Any, Any, None]]) -> None:
        """Run ``test`` with a store that was just opened.

        Raises:
            AssertionError: where a promise is broken.
        """

        async def main() -> None:
            clock = ManualClock(1_700_000_000_000_000)
            async with self.open_store(clock) as store:
                await test(store, clock)

        asyncio.run(main())
