"""A quota store in a process that is forked after use, as gunicorn's ``--preload`` and multiprocessing do it."""

from __future__ import annotations

import asyncio
import os
import signal
import warnings
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from ..._core.layers import Layer
from ..clock import ManualClock
from .store import StoreContract

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...quota import QuotaStore

CHILDREN = 4
FIVE = (Layer(5, 1_000),)
HOLD_US = 500
PATIENCE = 60
"""Seconds after which a child that hangs is ended, and the test fails."""


class ForkContract(StoreContract):
    """A forked child shares the tokens of its parent's store, or goes on with a copy of them."""

    def test_forked_children_share_the_tokens_or_have_a_copy_and_never_hang(self) -> None:
        """A store of one process knows in the child what was used before; a shared one knows everything everywhere."""
        if not hasattr(os, "fork"):
            return

        async def main() -> None:
            async with AsyncExitStack() as closing:
                store = await closing.enter_async_context(self.open_store(ManualClock()))
                assert isinstance(await store.take("key", FIVE, HOLD_US), int)
                granted = [in_child(lambda: asyncio.run(_granted(store))) for _ in range(CHILDREN)]
                assert granted == ([4] * CHILDREN if store.in_process else [4] + [0] * (CHILDREN - 1))
                assert await _granted(store) == (4 if store.in_process else 0)

        asyncio.run(main())

    def test_children_forked_at_the_same_time_never_get_more_than_there_is(self) -> None:
        """All processes see what each of them commits."""
        if not hasattr(os, "fork"):
            return

        async def main() -> None:
            async with AsyncExitStack() as closing:
                store = await closing.enter_async_context(self.open_store(ManualClock()))
                assert isinstance(await store.take("key", FIVE, HOLD_US), int)
                children = [begin_child(lambda: asyncio.run(_granted(store))) for _ in range(CHILDREN)]
                granted = [end_child(*child) for child in children]
                assert granted == [4] * CHILDREN if store.in_process else sum(granted) == 4
                usage, _ = await store.usage("key", FIVE)
                assert usage[0].used == (1 if store.in_process else 5)

        asyncio.run(main())


async def _granted(store: QuotaStore) -> int:
    """How many tokens are left, all of which are taken."""
    return sum([isinstance(await store.take("key", FIVE, HOLD_US), int) for _ in range(6)])


def in_child(work: Callable[[], int]) -> int:
    """What a forked child's ``work`` comes to."""
    return end_child(*begin_child(work))


def begin_child(work: Callable[[], int]) -> tuple[int, int]:
    """Fork a child that does ``work``; gives its number, and where its answer comes."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # newer Pythons warn of every fork of a program with threads
        child = os.fork()
    if not child:
        try:
            signal.alarm(PATIENCE)
            os.write(writing, str(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    return child, reading


def end_child(child: int, reading: int) -> int:
    """The answer of a child that was begun."""
    with open(reading, encoding="ascii") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    assert said, "the child hung, or failed"
    return int(said)
