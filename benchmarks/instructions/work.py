"""Pieces of work to be counted, each in a process of its own and in two sizes: see ``benchmarks.instructions``.

All run in forks of one process that has imported everything, as importing takes longer than all the work. A fork's
count begins with that of the process that it comes from, so what counts is the difference between two sizes.
"""

from __future__ import annotations

import asyncio
import json
import os
import selectors
import sys
from typing import TYPE_CHECKING, Any, Final

from benchmarks.shared.phones import phone
from benchmarks.speed.bulk import client
from customersms_async import Limit, MemoryIdempotency, MemoryQuota

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def yardstick(count: int) -> None:
    """Do what has nothing to do with the package: plain Python, and a little of its library."""
    for number in range(count):
        rows = [{"phone": phone(each), "success": True} for each in range(number, number + 50)]
        found = {row["phone"]: row for row in json.loads(json.dumps(rows))}
        assert len(found) == 50


async def send(count: int) -> None:
    async with client() as sender:
        for number in range(count):
            await sender.send(phone(number), "Hello")


async def send_once(count: int) -> None:
    """The same with an idempotency key."""
    async with client(idempotency=MemoryIdempotency()) as sender:
        for number in range(count):
            await sender.send(phone(number), "Hello", idempotency_key=f"order-{number}")


async def at_once(count: int) -> None:
    """Sends that wait for a connection, all at a time."""
    async with client() as sender:
        await asyncio.gather(*(sender.send(phone(number), "Hello") for number in range(count)))


class _Skipping(selectors.DefaultSelector):
    """Takes no time: ``now`` is later then, instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return super().select(0)


class _SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop in which nothing is waited for: a wait costs what it costs, on a machine of any speed."""

    def __init__(self) -> None:
        self.clock = _Skipping()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


async def after_a_wait(count: int) -> None:
    """Sends of which each waits, for the quota and for the pace."""
    loop: Any = asyncio.get_running_loop()
    quota = MemoryQuota(clock=lambda: round(loop.time() * 1e6))
    async with client(quota=quota, limits=(Limit(10, 10), Limit(1_000_000, 60)), pace=Limit(2, 1)) as sender:
        for number in range(count):
            await sender.send(phone(number), "Hello")


def wait(count: int) -> None:
    with asyncio.Runner(loop_factory=_SkippingLoop) as runner:
        runner.run(after_a_wait(count))


async def send_many(count: int) -> None:
    async with client() as sender:
        for start in range(count):
            await sender.send_many([phone(start + number) for number in range(100)], "Hello")


async def stream(count: int) -> None:
    async with client(batch_size=100) as sender:
        async for outcome in sender.stream(map(phone, range(count)), "Hello"):
            assert outcome.message_id


def run(work: Callable[[int], Awaitable[None]]) -> Callable[[int], None]:
    def runs(count: int) -> None:
        asyncio.run(work(count))  # type: ignore[arg-type]  # it is a coroutine

    return runs


WORK: Final[dict[str, tuple[Callable[[int], None], int]]] = {
    "yardstick": (yardstick, 100),
    "send": (run(send), 200),
    "send with an idempotency key": (run(send_once), 200),
    "send, all at once": (run(at_once), 400),
    "send, after a wait": (wait, 200),
    "send_many to 100": (run(send_many), 50),
    "stream": (run(stream), 10_000),
}
"""Each with the smaller of its sizes; the larger is twice as much."""


def main() -> None:
    for name, (work, size) in WORK.items():
        for count in (size, 2 * size):
            pid = os.fork()
            if pid == 0:
                work(count)
                os._exit(0)
            _, status = os.waitpid(pid, 0)
            if status:
                sys.exit(f"{name} failed")
            print(json.dumps([name, size, pid]), flush=True)


if __name__ == "__main__":
    for each, (warm, _) in WORK.items():
        warm(2 if each != "stream" else 200)
    main()
