"""One made-up request after the other, in the documented form, to the pure rules or over a socket."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from customersms_async.models import DOCUMENTED_LIMITS, Limit
from customersms_async.sandbox.options import GatewayOptions
from customersms_async.sandbox.rules import answer
from customersms_async.sandbox.schedule import Entry, plan
from customersms_async.sandbox.state import GatewayState
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from customersms_async.sandbox.replies import ServerAnswer

KEY = "cspro_made_up"
PATH = "/sms_system/api.php"
JSON = {"content-type": "application/json"}
NOW = 1_700_000_000_000_000


def state(
    credits: int | Decimal = 1000,  # noqa: A002 - the gateway's word
    limits: tuple[Limit, ...] = DOCUMENTED_LIMITS,
    *,
    max_numbers: int | None = None,
    error_status: int | None = None,
) -> GatewayState:
    """A gateway with one key, so many credits and these limits."""
    return GatewayState({KEY: Decimal(credits)}, GatewayOptions(limits, max_numbers, error_status))


def body(*phones: str, message: str = "Hello", key: str = KEY) -> bytes:
    """The body of a request for these numbers."""
    return json.dumps({"api_key": key, "phone": list(phones), "message": message}).encode()


def ask(
    at: GatewayState, *phones: str, now_us: int = NOW, key: str = KEY, message: str = "Hello", fault: Entry = None
) -> ServerAnswer:
    """What the rules answer to a request for these numbers."""
    return answer(at, now_us, "POST", PATH, JSON, body(*phones, message=message, key=key), plan(fault))


def document(given: ServerAnswer) -> dict[str, Any]:
    """The JSON object of an answer, its numbers with a point as decimals."""
    read = json.loads(given.body, parse_float=Decimal)
    assert isinstance(read, dict)
    return read


def numbers(count: int) -> list[str]:
    """So many phone numbers."""
    return [f"+1212555{index:04d}" for index in range(count)]


def raw(*phones: str, message: str = "Hello", key: str = KEY) -> bytes:
    """A whole HTTP request, head and body."""
    sent = body(*phones, message=message, key=key)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    return head.encode() + sent


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to where a URL points."""
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def until(true: Callable[[], bool]) -> None:
    """Wait for what another task does to a sandbox."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - the sandbox tells nobody
            await asyncio.sleep(0.001)


async def exchange(url: str, sent: bytes) -> bytes:
    """Send bytes on a connection of their own, and return all that comes back until it is closed."""
    reader, writer = await connect(url)
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), PATIENCE)
    finally:
        writer.close()
