"""A request's own cost: ``python benchmarks/request.py RIVAL URL REQUESTS`` prints milliseconds of CPU, as JSON.

Each rival sends the same requests for 1, 100 and 1,000 numbers to the same small server, one after the other and from 8
and 100 tasks at once, and reads the answers into objects of its own. All are as they come, but for the limits of ours;
``RIVAL+uvloop`` runs in that event loop. The server, in a process of its own: ``python benchmarks/request.py server``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    Request = Callable[[], Awaitable[None]]

SIZES = (1, 100, 1_000)
CONCURRENCIES = (1, 8, 100)
FEWER = 5
"""So many times fewer requests for 1,000 numbers, which take as many times longer."""

WARM = 20
"""Requests before the first that counts, and one for each task at least."""


def phones(count: int) -> list[str]:
    return [f"+1212{i:07}" for i in range(count)]


def asked(count: int) -> dict[str, Any]:
    return {"api_key": "cspro_key", "phone": phones(count), "message": "Hello"}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request on one connection with a prepared answer for as many numbers as it holds."""
    answers: dict[int, bytes] = {}
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if length not in answers:
                rows = [{"phone": p, "success": True, "message_id": f"m{p}"} for p in json.loads(body)["phone"]]
                payload = json.dumps({"success": True, "remaining_credits": 7, "results": rows}).encode()
                answers[length] = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(payload), payload)
            writer.write(answers[length])
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def server() -> None:
    listening = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**20, backlog=1_000)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The URL of a server in a process of its own."""
    with subprocess.Popen([sys.executable, str(Path(__file__)), "server"], stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.terminate()


@contextlib.asynccontextmanager
async def ours(url: str, count: int, http_client: Any = None) -> AsyncIterator[Request]:
    from customersms_async import AsyncClient, Limit, MemoryQuota

    numbers = phones(count)
    options: dict[str, Any] = {"limits": Limit(1_000_000, 1), "quota": MemoryQuota(), "pace": None}
    async with AsyncClient(
        api_key="cspro_key", url=url, batch_size=count, http_client=http_client, **options
    ) as client:

        async def one() -> None:
            assert (await client.send(numbers[0], "Hello")).message_id

        async def many() -> None:
            assert (await client.send_many(numbers, "Hello")).accepted == count

        yield one if count == 1 else many


@contextlib.asynccontextmanager
async def fast(url: str, count: int) -> AsyncIterator[Request]:
    from customersms_async.fast import FastClient

    async with FastClient() as http_client, ours(url, count, http_client) as request:
        yield request


@contextlib.asynccontextmanager
async def with_httpx(url: str, count: int, module: str = "httpx") -> AsyncIterator[Request]:
    library = __import__(module)
    body = asked(count)
    async with library.AsyncClient(timeout=30) as client:

        async def request() -> None:
            assert (await client.post(url, json=body)).json()["success"] is True

        yield request


@contextlib.asynccontextmanager
async def with_httpx_and_msgspec(url: str, count: int) -> AsyncIterator[Request]:
    import httpx
    import msgspec

    row = msgspec.defstruct("row", [("phone", str), ("success", bool), ("message_id", str | None, None)], gc=False)
    form = msgspec.defstruct("form", [("success", bool), ("results", list[row])])  # type: ignore[valid-type]  # made here
    body, encoder, decoder = asked(count), msgspec.json.Encoder(), msgspec.json.Decoder(form)
    headers = {"Content-Type": "application/json"}
    async with httpx.AsyncClient(timeout=30) as client:

        async def request() -> None:
            answer = await client.post(url, content=encoder.encode(body), headers=headers)
            decoder.decode(answer.content)

        yield request


@contextlib.asynccontextmanager
async def with_aiohttp(url: str, count: int) -> AsyncIterator[Request]:
    import aiohttp

    body = asked(count)
    async with aiohttp.ClientSession() as session:

        async def request() -> None:
            async with session.post(url, json=body) as answer:
                assert (await answer.json(content_type=None))["success"] is True

        yield request


@contextlib.asynccontextmanager
async def with_requests(url: str, count: int) -> AsyncIterator[Request]:
    """The provider's own sample: a connection for each call, and the event loop stands still meanwhile."""
    import requests

    body = asked(count)

    async def request() -> None:
        assert requests.post(url, json=body, timeout=30).json()["success"] is True  # noqa: ASYNC210 - that is the point

    yield request


@contextlib.asynccontextmanager
async def with_streams(url: str, count: int) -> AsyncIterator[Request]:
    """The floor: what asyncio and json cost by themselves; knows nothing of HTTP's odd ways."""
    parts, body = urlsplit(url), asked(count)
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def request() -> None:
        reader, writer = idle.pop() if idle else await asyncio.open_connection(parts.hostname, parts.port, limit=2**20)
        data = json.dumps(body).encode()
        writer.write(b"POST / HTTP/1.1\r\nHost: gateway\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        assert json.loads(await reader.readexactly(length))["success"] is True
        idle.append((reader, writer))

    yield request
    for _, writer in idle:
        writer.close()


RIVALS: dict[str, Any] = {
    "ours": ours,
    "fast": fast,
    "httpx": with_httpx,
    "httpx without sniffio": with_httpx,
    "httpx and msgspec": with_httpx_and_msgspec,
    "httpx2": lambda url, count: with_httpx(url, count, "httpx2"),
    "aiohttp": with_aiohttp,
    "requests": with_requests,
    "streams": with_streams,
}


async def cost(rival: str, url: str, count: int, concurrency: int, requests: int) -> float:
    """Milliseconds of this process's CPU for each of ``requests``, made by so many tasks; connections stand before."""

    async def several(share: int) -> None:
        for _ in range(share):
            await request()

    async with RIVALS[rival](url, count) as request:
        await asyncio.gather(*(several(-(-WARM // concurrency)) for _ in range(concurrency)))
        share = -(-requests // concurrency)
        began = time.process_time()
        await asyncio.gather(*(several(share) for _ in range(concurrency)))
        return (time.process_time() - began) / (share * concurrency) * 1e3


async def costs(rival: str, url: str, requests: int) -> dict[str, float]:
    found = {}
    for concurrency in CONCURRENCIES[:1] if rival == "requests" else CONCURRENCIES:
        for count in SIZES:
            few = requests // FEWER if count == SIZES[-1] else requests
            found[f"{count} {concurrency}"] = await cost(rival, url, count, concurrency, few)
    return found


def main(name: str, url: str, requests: int) -> None:
    rival, _, loop = name.partition("+")
    if rival == "httpx without sniffio":
        with contextlib.suppress(ImportError):
            __import__("sniffio")
            sys.exit("sniffio is there: run it as benchmarks/speed.py does")
    factory = __import__("uvloop").new_event_loop if loop else None
    with asyncio.Runner(loop_factory=factory) as runner:
        print(json.dumps(runner.run(costs(rival, url, requests))))


if __name__ == "__main__":
    if sys.argv[1:2] == ["server"]:
        asyncio.run(server())
    else:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
