"""What a text costs with an idempotency key, caps and a list of suppressed numbers, beside a plain one.

``python -m benchmarks.speed.checked memory [ROUNDS]``: microseconds of CPU of one ``send`` over the faster engine, with
all three in memory and without; both take turns in one process. ``redis [ROUNDS]``: the median of one ``send`` in
milliseconds over a ``RedisQuota`` of a server of its own, with its calls to that server: as it forgets, and as it has
everything on its disk before it answers. Prints JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

from benchmarks.shared.phones import phone
from benchmarks.shared.turns import Process
from customersms_async import (
    AsyncClient,
    Caps,
    Limit,
    MemoryIdempotency,
    MemoryQuota,
    MemorySuppression,
    RedisIdempotency,
    RedisQuota,
)
from customersms_async.fast import FastClient

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXTS = 500
"""In each turn."""

CAPS = Caps("otp", per_number=[Limit(1, 30), Limit(5, 900), Limit(12, 86_400)], total=Limit(10**6, 3_600))
KEY = "cspro_measured"
ROOM = Limit(10**9, 60)
"""A limit under which nobody waits."""


async def server() -> None:
    """Print the port, and accept one text a request, to whatever number."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    body = b'{"success":true,"results":[{"phone":"%s","success":true,"message_id":"m"}]}'

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while asked := await reader.readuntil(b"\r\n\r\n"):
                sent = await reader.readexactly(int(asked.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
                start = sent.index(b'"+')
                answer = body % sent[start + 1 : sent.index(b'"', start + 1)]
                writer.write(head % len(answer) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(json.dumps(listening.sockets[0].getsockname()[1]), flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def a_turn(client: AsyncClient, numbers: Iterator[int], *, keyed: bool) -> list[float]:
    """The seconds that each of so many texts took, one after the other."""
    taken = []
    for _ in range(TEXTS):
        number = next(numbers)
        key = f"order-{number}" if keyed else None
        began = time.perf_counter()
        await client.send(phone(number), "Hello", idempotency_key=key)
        taken.append(time.perf_counter() - began)
    return taken


def counter() -> Iterator[int]:
    """A number for each text, none twice."""
    yield from range(10**9)


async def in_memory(url: str, rounds: int) -> None:
    """Print the CPU of a plain send and of one with all three, and their ratio, round by round."""
    options: dict[str, Any] = {"api_key": KEY, "url": url, "limits": ROOM, "pace": None}
    numbers = counter()
    checked: dict[str, Any] = {"idempotency": MemoryIdempotency(), "suppression": MemorySuppression(), "caps": CAPS}
    async with FastClient() as engine, contextlib.AsyncExitStack() as stack:
        plain = await stack.enter_async_context(AsyncClient(**options, http_client=engine, quota=MemoryQuota()))
        full = await stack.enter_async_context(
            AsyncClient(**options, http_client=engine, quota=MemoryQuota(), **checked)
        )
        for _ in range(rounds):
            figures = {}
            for name, client in (("plain", plain), ("checked", full)):
                began = time.process_time()
                await a_turn(client, numbers, keyed=client is full)
                figures[name] = round((time.process_time() - began) / TEXTS * 1e6, 1)
            print(json.dumps(figures | {"ratio": round(figures["checked"] / figures["plain"], 3)}), flush=True)


@contextlib.contextmanager
def redis_server(*settings: str) -> Iterator[str]:
    """A server of its own; gives its URL."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        program = shutil.which("redis-server") or sys.exit("redis-server is needed")
        words = [program, "--port", port, "--bind", "127.0.0.1", "--dir", folder, "--save", "", *settings]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL) as server:  # noqa: S603
            for _ in range(100):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", int(port))):
                    break
                time.sleep(0.05)
            try:
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                server.terminate()


async def over_redis(url: str, server: str, rounds: int) -> dict[str, float]:
    """The medians of both kinds of send, and how often each calls the server."""
    from redis.asyncio import Redis

    options: dict[str, Any] = {"api_key": KEY, "url": url, "limits": ROOM, "pace": None}
    numbers, found = counter(), {}
    async with contextlib.AsyncExitStack() as stack:
        quota = await stack.enter_async_context(RedisQuota(server))
        keys = await stack.enter_async_context(RedisIdempotency(server, volatile=True))
        plain = await stack.enter_async_context(AsyncClient(**options, quota=quota))
        full = await stack.enter_async_context(
            AsyncClient(**options, quota=quota, idempotency=keys, suppression=MemorySuppression(), caps=CAPS)
        )
        asking = await stack.enter_async_context(Redis.from_url(server))
        taken: dict[str, list[float]] = {"plain": [], "checked": []}
        for _ in range(rounds):
            for name, client in (("plain", plain), ("checked", full)):
                before = (await asking.info("commandstats"))["cmdstat_evalsha"]["calls"] if taken[name] else None
                taken[name] += await a_turn(client, numbers, keyed=client is full)
                if before is not None:
                    calls = (await asking.info("commandstats"))["cmdstat_evalsha"]["calls"] - before
                    found[f"{name}_calls"] = calls / TEXTS
        for name, times in taken.items():
            found[name] = round(statistics.median(times) * 1e3, 3)
    return found | {"more": round(found["checked"] - found["plain"], 3)}


def main(where: str, rounds: int) -> None:
    """Measure, and print."""
    with Process("speed.checked", "server") as process:
        url = f"http://127.0.0.1:{process.read()}/"
        if where == "memory":
            asyncio.run(in_memory(url, rounds))
            return
        for name, settings in (("forgets", ()), ("durable", ("--appendonly", "yes", "--appendfsync", "always"))):
            with redis_server(*settings) as server:
                print(json.dumps({"server": name} | asyncio.run(over_redis(url, server, rounds))), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "server":
        asyncio.run(server())
    else:
        main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7)
