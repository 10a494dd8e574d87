"""Sending to many with nobody to wait for: ``python -m benchmarks.speed.bulk stream|campaign RECIPIENTS BATCH``.

The HTTP client is one that answers at once, so that all that is measured is ours: CPU, the growth of the peak memory
after the first 10,000, and the longest block of the event loop (in CPU time, which neighbours don't disturb).
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.shared.phones import phone
from benchmarks.shared.watch import Ticker
from customersms_async import AsyncClient, Campaign, Limit, MemoryQuota

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

WARM = 10_000
OPTIONS: dict[str, Any] = {"api_key": "cspro_key", "url": "http://127.0.0.1:9/", "pace": None}


class Answer:
    """An answer that has come in full."""

    status_code = 200
    is_stream_consumed = False

    def __init__(self, body: bytes) -> None:
        self.headers: dict[str, str] = {}
        self._body = body

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        """Its body."""
        yield self._body

    async def aclose(self) -> None:
        """Nothing is open."""


class Null:
    """Takes every text at once."""

    is_closed = False

    def build_request(self, _method: str, _url: str, *, content: AsyncIterable[bytes], **_: object) -> Any:
        """The body is all that matters."""
        return content

    async def send(self, request: Any, **_: object) -> Answer:
        """Read the request, and say that every number was taken."""
        body = b"".join([some async for some in request])
        numbers = body[body.index(b'["') + 2 : body.index(b'"]')]
        rows = numbers.replace(b'","', b'","success":true,"message_id":"msg_000001"},{"phone":"')
        return Answer(
            b'{"success":true,"message":"SMS sending completed","remaining_credits":7,"results":[{"phone":"'
            + rows
            + b'","success":true,"message_id":"msg_000001"}]}'
        )

    async def aclose(self) -> None:
        """Nothing is open."""


def client(http_client: Any = None, **options: Any) -> AsyncClient:
    """One whose quota is its own, and without end."""
    lifted: dict[str, Any] = {"limits": Limit(10_000_000, 1), "quota": MemoryQuota()}
    return AsyncClient(**{**OPTIONS, **lifted, **options}, http_client=http_client or Null())  # type: ignore[arg-type]  # it is enough of one


def megabytes() -> float:
    """The peak so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def stream(count: int, batch: int) -> dict[str, float]:
    async def run(count: int) -> None:
        accepted = 0
        async for outcome in sender.stream(map(phone, range(count)), "Hello"):
            accepted += outcome.message_id is not None
        assert accepted == count

    async with client(batch_size=batch) as sender:
        await run(WARM)
        before, ticker = megabytes(), Ticker()
        began, cpu = time.perf_counter(), time.process_time()
        await run(count)
        cpu, seconds = time.process_time() - cpu, time.perf_counter() - began
        blocked = await ticker.stop()
    return {
        "cpu_s": cpu,
        "wall_s": seconds,
        "growth_mb": megabytes() - before,
        "blocked_ms": blocked["blocked_cpu_ms"],
    }


async def campaign(count: int, batch: int) -> dict[str, float]:
    """The ledger lies on the disk that the system keeps temporary files on."""
    with tempfile.TemporaryDirectory() as folder:
        async with client(batch_size=batch) as sender, Campaign.open(Path(folder) / "bench.ledger") as job:
            before = megabytes()
            began, cpu = time.perf_counter(), time.process_time()
            await job.add(map(phone, range(count)), "Hello")
            added, ticker = time.perf_counter() - began, Ticker()
            accepted = 0
            async for outcome in job.run(sender):
                accepted += outcome.message_id is not None
            cpu, seconds = time.process_time() - cpu, time.perf_counter() - began
            blocked = await ticker.stop()
            assert accepted == count
    return {
        "cpu_s": cpu,
        "wall_s": seconds,
        "add_s": added,
        "growth_mb": megabytes() - before,
        "blocked_ms": blocked["blocked_cpu_ms"],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run({"stream": stream, "campaign": campaign}[sys.argv[1]](*map(int, sys.argv[2:4])))))
