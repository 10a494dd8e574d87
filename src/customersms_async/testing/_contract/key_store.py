"""How a contract gets at the store of idempotency keys that it tests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from ..._core.buckets import GRACE_US
from ..._core.idempotency_record import Claim
from ..clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

    from ...idempotency.protocol import IdempotencyStore

KEEP: Final = 3_600.0
LENGTH_US: Final = 30_000_000
LAPSE_US: Final = LENGTH_US + GRACE_US
ONE, OTHER = Claim(b"claim-one-", LENGTH_US, "label"), Claim(b"claim-two-", LENGTH_US)
KEY, ANOTHER = b"the key of 16 by", b"another key of 1"
ASKED: Final = [(KEY, b"its content")]


class KeyStoreContract:
    """Opens the store that is tested. The tests are plain functions, each with an event loop of its own."""

    def open_store(self, clock: Callable[[], int], keep: float) -> AbstractAsyncContextManager[IdempotencyStore]:
        """A store on this clock (microseconds) that keeps keys for ``keep`` seconds.

        Within one test, all calls must open the same place, which is empty at first.

        Raises:
            NotImplementedError: unless it is overridden.
        """
        raise NotImplementedError

    def check(self, test: Callable[[IdempotencyStore, ManualClock], Coroutine[Any, Any, None]]) -> None:
        """Run ``test`` with a store that was just opened.

        Raises:
            AssertionError: where a promise is broken.
        """

        async def main() -> None:
            clock = ManualClock(10**12)
            async with self.open_store(clock, KEEP) as store:
                await test(store, clock)

        asyncio.run(main())
