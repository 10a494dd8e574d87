"""How a contract gets at the store that it tests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ..._core.layers import Layer
from ..clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from contextlib import AbstractAsyncContextManager

    from ...quota import QuotaStore

HOLD_US = 500
ONE = (Layer(1, 100),)


class StoreContract:
    """Opens the store that is tested. The tests are plain functions, each with an event loop of its own."""

    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[QuotaStore]:
        """A store on this clock. Within one test, all calls must open the same place, which is empty at first.

        Raises:
            NotImplementedError: unless it is overridden.
        """
        raise NotImplementedError

    def check(self, test: Callable[[QuotaStore, ManualClock], Coroutine[Any, Any, None]]) -> None:
        """Run ``test`` with a store that was just opened.

        Raises:
            AssertionError: where a promise is broken.
        """

        async def main() -> None:
            clock = ManualClock()
            async with self.open_store(clock) as store:
                await test(store, clock)

        asyncio.run(main())


async def taken(
    store: QuotaStore, layers: Sequence[Layer] = ONE, hold_us: int = HOLD_US, *, key_id: str = "key"
) -> int:
    """The request, which must have been granted."""
    granted = await store.take(key_id, layers, hold_us)
    assert isinstance(granted, int), granted
    return granted
