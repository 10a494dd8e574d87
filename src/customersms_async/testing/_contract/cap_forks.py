"""Caps in a process that is forked after use."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack

from ..clock import ManualClock
from .cap_store import HOLD_US, SPACE, CappingStore, CapStoreBase, counted, room, scope, text
from .forks import CHILDREN, begin_child, end_child, in_child

FIVE = scope("five", (5, 1_000))


class CapForkContract(CapStoreBase):
    """A forked child shares what counts in its parent's store, or goes on with a copy of it."""

    def test_forked_children_share_what_counts_or_have_a_copy_and_never_hang(self) -> None:
        """A store of one process knows in the child what counted before; a shared one knows everything everywhere."""
        if not hasattr(os, "fork"):
            return

        async def main() -> None:
            async with AsyncExitStack() as closing:
                store = await closing.enter_async_context(self.open_store(ManualClock()))
                await counted(store, text(FIVE))
                found = [in_child(lambda: asyncio.run(_counted_one_by_one(store))) for _ in range(CHILDREN)]
                assert found == ([4] * CHILDREN if store.in_process else [4] + [0] * (CHILDREN - 1))
                assert await _counted_one_by_one(store) == (4 if store.in_process else 0)

        asyncio.run(main())

    def test_children_forked_at_the_same_time_never_get_more_room_than_there_is(self) -> None:
        """All processes see what each of them has counted."""
        if not hasattr(os, "fork"):
            return

        async def main() -> None:
            async with AsyncExitStack() as closing:
                store = await closing.enter_async_context(self.open_store(ManualClock()))
                await counted(store, text(FIVE))
                children = [begin_child(lambda: asyncio.run(_counted_one_by_one(store))) for _ in range(CHILDREN)]
                found = [end_child(*child) for child in children]
                assert found == [4] * CHILDREN if store.in_process else sum(found) == 4
                assert await room(store, FIVE) == (4 if store.in_process else 0)

        asyncio.run(main())


async def _counted_one_by_one(store: CappingStore) -> int:
    """How many texts there was room for, all of which are counted now."""
    found = [await store.take_caps(SPACE, [text(FIVE)], HOLD_US) for _ in range(6)]
    return sum(not any(hits) for hits in found)
