"""How often a send is lost to a connection that the gateway was just giving up, by the expiry of idle connections.

``python -m benchmarks.soak.keepalive [SECONDS]``: gateways close idle connections after 1, 2, 5 and 15 s, each behind a
relay that delays every byte, and the connection's end, by 50 ms one way: on loopback without it the end is known at
once, and nothing is ever lost. In each cell some clients send, wait for the answer, stay idle for so long, and send
again; "as it closes" stays idle for the gateway's own time less up to one round trip. All run at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import platform
import random
import sys
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from customersms_async import AsyncClient, Limit, MemoryQuota, OutcomeUnknownError
from customersms_async._http.engine import KEEPALIVE_SECONDS
from customersms_async.sandbox import DEMO_KEY, Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ONE_WAY = 0.05
CLOSES_AFTER = (1.0, 2.0, 5.0, 15.0)
IDLE = (0.1, 0.6, 1.2, 2.5, 5.0, 15.0, None)
"""Seconds between an answer and the next send; ``None``: as it closes."""
EXPIRIES = (KEEPALIVE_SECONDS, 2.0, 5.0)
SENDS = 40
"""Of each cell, about: so many clients are started that they come to it in the time given."""


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, and the end of it, after ``ONE_WAY`` seconds."""
    loop = asyncio.get_running_loop()
    late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def hear() -> None:
        data = b"-"
        while data:
            try:
                data = await reader.read(65_536)
            except ConnectionError:
                data = b""
            late.put_nowait((loop.time() + ONE_WAY, data))

    hearing = asyncio.create_task(hear())
    try:
        while True:
            due, data = await late.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                break
            writer.write(data)
    finally:
        hearing.cancel()
        writer.close()


@contextlib.asynccontextmanager
async def far_away(sandbox: Sandbox) -> AsyncIterator[str]:
    """The URL of a relay in front of the sandbox."""
    async with sandbox.serve() as url:
        port = httpx.URL(url).port

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.suppress(asyncio.CancelledError):  # at the end
                await asyncio.gather(relay(reader, back), relay(there, writer), return_exceptions=True)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        try:
            yield url.replace(str(port), str(server.sockets[0].getsockname()[1]))
        finally:
            server.close()


class Cell(NamedTuple):
    """One figure of the table."""

    expiry: float
    closes_after: float
    idle: float | None

    @property
    def length(self) -> float:
        """About how long its clients stay idle, in seconds."""
        return self.closes_after if self.idle is None else self.idle

    def draw(self) -> float:
        """One idle time."""
        if self.idle is None:
            return self.closes_after - random.uniform(0, 2 * ONE_WAY)
        return self.idle * random.uniform(0.95, 1.05)


async def line(cell: Cell, url: str, until: float, seen: Counter[str]) -> None:
    """One client, which sends again and again until its time is over."""
    loop = asyncio.get_running_loop()
    connections = httpx.Limits(max_connections=4, max_keepalive_connections=4, keepalive_expiry=cell.expiry)
    options: dict[str, Any] = {"quota": MemoryQuota(), "limits": Limit(100_000, 60), "pace": None}
    await asyncio.sleep(random.uniform(0, 5.0))  # all at once, they would stop the gateways for longer than these wait
    async with (
        httpx.AsyncClient(limits=connections, verify=False, trust_env=False) as http,  # noqa: S501 - there is no TLS
        AsyncClient(api_key=DEMO_KEY, url=url, http_client=http, **options) as client,
    ):
        while loop.time() < until:
            try:
                await client.send("+12125551234", "Hello")
                seen["accepted"] += 1
            except OutcomeUnknownError:
                seen["unknown"] += 1
            await asyncio.sleep(cell.draw())


async def measure(seconds: float) -> dict[Cell, Counter[str]]:
    """All cells at once."""
    cells = {Cell(e, c, i): Counter[str]() for e in sorted(set(EXPIRIES)) for c in CLOSES_AFTER for i in IDLE}
    async with contextlib.AsyncExitStack() as stack:
        urls = {}
        for closes_after in CLOSES_AFTER:
            sandbox = Sandbox(limits=[Limit(1_000_000, 60)], keep_alive=closes_after)
            urls[closes_after] = await stack.enter_async_context(far_away(sandbox))
        until = asyncio.get_running_loop().time() + seconds
        async with asyncio.TaskGroup() as group:
            for cell, seen in cells.items():
                for _ in range(max(1, round(SENDS * (cell.length + 0.1) / seconds))):
                    group.create_task(line(cell, urls[cell.closes_after], until, seen))
    return cells


def main() -> None:
    """Measure and print: unknown / sends."""
    logging.getLogger("customersms_async").setLevel(logging.ERROR)
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    print(f"Python {platform.python_version()}, httpx {version('httpx')}, httpcore {version('httpcore')}")
    print(
        f"unknown of so many sends; a round trip takes {2 * ONE_WAY * 1000:.0f} ms, and ours is {KEEPALIVE_SECONDS} s\n"
    )
    cells = asyncio.run(measure(seconds))
    for expiry in sorted(set(EXPIRIES)):
        print(
            f"expiry {expiry:g} s".ljust(24)
            + "".join(f"idle {i:g} s".rjust(14) if i else "as it closes".rjust(14) for i in IDLE)
        )
        for closes_after in CLOSES_AFTER:
            row = [cells[Cell(expiry, closes_after, idle)] for idle in IDLE]
            print(
                f"  closes after {closes_after:g} s".ljust(24)
                + "".join(f"{seen['unknown']} / {seen.total()}".rjust(14) for seen in row)
            )
        print()


if __name__ == "__main__":
    main()
