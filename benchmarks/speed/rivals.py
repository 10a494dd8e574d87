"""Ways to send the request of ``request``: each gives, for a URL and so many numbers, what sends it once."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Request = Callable[[], Awaitable[None]]


def phones(count: int) -> list[str]:
    return [f"+1212{i:07}" for i in range(count)]


def asked(count: int) -> dict[str, Any]:
    return {"api_key": "cspro_key", "phone": phones(count), "message": "Hello"}


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


BLOCKING = "requests"
"""The rival that knows no event loop."""

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
