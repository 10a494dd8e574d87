"""``MemoryQuota`` and caps: the contract, what a capped number costs, threads."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from customersms_async import MemoryQuota
from customersms_async.testing import CapStoreContract
from customersms_async.testing._contract.cap_store import HOLD_US, SPACE, answered, room, scope, text
from support.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from customersms_async.testing._contract.cap_store import CappingStore


class TestMemoryQuotaCaps(CapStoreContract):
    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[CappingStore]:
        return nullcontext(MemoryQuota(clock=clock))


def test_threads_share_what_counts_exactly() -> None:
    store, total = MemoryQuota(), scope("total", (500, 600_000_000))
    through: list[bytes] = []

    async def grab() -> None:
        for _ in range(200):
            one = text(total)
            if not any(await store.take_caps(SPACE, [one], HOLD_US)):
                through.append(one.id)
                await answered(store, one)

    in_threads(8, grab)
    assert len(through) == 500


def test_caps_that_nobody_uses_are_not_even_imported() -> None:
    code = (
        "import sys, asyncio; from customersms_async.quota import CapStore, Layer, MemoryQuota;"
        " asyncio.run(MemoryQuota().take('key', (Layer(1, 1),), 1)); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert not {f"customersms_async._core.{name}" for name in ("caps", "cap_log")} & set(done.stdout.split())


async def test_a_clock_of_ones_own_is_asked_in_each_call() -> None:
    clock_us = [10]
    store, one = MemoryQuota(clock=lambda: clock_us[0]), scope("one", (1, 100))
    await store.take_caps(SPACE, [text(one)], 50)
    clock_us[0] += 149
    assert await room(store, one) == 0
    clock_us[0] += 1
    assert await room(store, one) == 1
