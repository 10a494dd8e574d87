"""Two stores of one place, each behind a network, for the length of a test."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, TypeVar

from ..clock import ManualClock
from ..network import Network

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

S = TypeVar("S")

ENOUGH_US: Final = 2_000_000_000
"""Longer than any hold, window and pause here, and than a store need remember which calls it has seen."""


def run_far(
    open_store: Callable[[ManualClock, Network], AbstractAsyncContextManager[S] | None],
    test: Callable[[list[S], ManualClock, Network, random.Random], Awaitable[None]],
    seed: int,
) -> None:
    """Run ``test`` with two stores, as two processes have them; not at all where ``open_store`` gives none."""

    async def main() -> None:
        clock, dice = ManualClock(1_000_000 + seed * ENOUGH_US), random.Random(seed)
        network = Network(dice)
        async with AsyncExitStack() as closing:
            stores: list[S] = []
            for _ in range(2):
                if (opening := open_store(clock, network)) is None:
                    return
                stores.append(await closing.enter_async_context(opening))
            await test(stores, clock, network, dice)

    asyncio.run(main())
