"""``MemorySuppression``: the contract, and what is its own: threads, forks, and how little it keeps."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import MemorySuppression
from customersms_async.testing import SuppressionStoreContract
from support.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from customersms_async.suppression import SuppressionStore


class TestMemorySuppression(SuppressionStoreContract):
    store: MemorySuppression | None = None

    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[MemorySuppression]:
        self.store = self.store or MemorySuppression(clock=clock)
        return self.store


class OwnStore:
    """A store of a program's own, which has what a client asks for and nothing else."""

    def __init__(self) -> None:
        self.said_no = set[str]()

    async def suppressed(self, phones: Sequence[str]) -> frozenset[str]:
        return frozenset(self.said_no.intersection(phones))


class TestOwnStore(SuppressionStoreContract):
    keeps_entries = False
    store: OwnStore | None = None

    @asynccontextmanager
    async def open_store(self, clock: Callable[[], int]) -> AsyncIterator[SuppressionStore]:
        self.store = self.store or OwnStore()
        yield self.store

    async def add(self, store: Any, phones: Sequence[str]) -> None:
        store.said_no.update(phones)

    async def remove(self, store: Any, phones: Sequence[str]) -> None:
        store.said_no.difference_update(phones)


async def test_of_many_threads_each_change_counts_once() -> None:
    store, changed = MemorySuppression(), list[int]()

    async def work() -> None:
        changed.append(sum([await store.add(f"+1212555{number:04d}") for number in range(300)]))

    in_threads(3, work)
    assert sum(changed) == len(await store.entries()) == 300


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_knows_who_said_no_before() -> None:
    store = MemorySuppression()
    asyncio.run(store.add("+12125551234"))
    if (child := os.fork()) == 0:
        try:
            store.suppressed(["+12125551234"]).send(None)
        except StopIteration as answered:
            os._exit(len(answered.value))
        finally:
            os._exit(77)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


async def test_a_kept_number_takes_less_than_two_hundred_bytes_and_its_text() -> None:
    store, phones = MemorySuppression(), [f"+1212{number:07d}" for number in range(20_000)]
    await store.add(phones, why="a list", by="Ann")
    sizes = [sys.getsizeof(store._now), sys.getsizeof(store._entries), *map(sys.getsizeof, store._entries)]
    assert sum(sizes) / len(phones) < 200


def test_it_stays_in_its_process() -> None:
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="SQLiteSuppression"):
            way(MemorySuppression())
    assert repr(MemorySuppression()) == "MemorySuppression()"
