"""Connections of aiohttp's that do what httpx's do: bounded heads, nothing stale, and exactly our headers.

Where aiohttp has no option for it, its own classes are derived from.
"""

from __future__ import annotations

import asyncio
import inspect
import select
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final, final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from multidict import CIMultiDict

from .engine import KEEPALIVE_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Mapping

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.connector import Connection

_LONGEST_HEAD: Final = 100 * 1024
"""Bytes of an answer's status line and headers together: what httpx takes of them."""

_MOST_HEADERS: Final = _LONGEST_HEAD // len(b"a:\r\n")
BOUNDS: Final[dict[str, Any]] = {"max_line_size": _LONGEST_HEAD, "max_field_size": _LONGEST_HEAD}
if "max_headers" in inspect.signature(aiohttp.ClientSession.__init__).parameters:  # older ones count no headers
    BOUNDS["max_headers"] = _MOST_HEADERS


def bounded_connector() -> aiohttp.TCPConnector:
    """What opens connections, any number of them, as the gate before it has a limit."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_SECONDS)
    made = partial(_BoundedProtocol, loop=asyncio.get_running_loop())
    connector._factory = made  # type: ignore[assignment]  # a kind of theirs  # noqa: SLF001 - there is no other way
    return connector


class StaleConnection(Exception):  # noqa: N818 - a signal, which ends in the engine
    """The connection has ended, or holds bytes that nobody asked for; nothing of the request has left."""


@final
class AiohttpBody(aiohttp.Payload):
    """The request's bytes, read when a connection stands, and the headers that leave with them."""

    def __init__(self, content: AsyncIterable[bytes], request_headers: Mapping[str, str]) -> None:
        super().__init__(content, content_type="application/json")
        self.request_headers = request_headers

    async def write(self, writer: AbstractStreamWriter) -> None:
        async for some in self._value:
            await writer.write(some)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002 - aiohttp's names
        raise TypeError("the body is given out once")


@final
class _BoundedProtocol(ResponseHandler):
    """A connection that is cut if the head of an answer takes more than ``_LONGEST_HEAD``, as it would over httpx.

    aiohttp bounds each header and how many there are, which is a thousand times as much. Mutable state: how many bytes
    of the head may still come, ``None`` once it is there; and whether it had a request before, with what tells then
    whether there is something to read.
    """

    head_left: int | None = None
    was_used = False
    _poll: Any = None

    @property
    def is_stale(self) -> bool:
        """Whether a kept connection has ended, or holds bytes that nobody asked for."""
        return bool(self.should_close) or self._is_readable()

    def _is_readable(self) -> bool:
        socket = None if self.transport is None else self.transport.get_extra_info("socket")
        if socket is None:
            return True
        if sys.platform == "win32":
            return bool(select.select([socket], [], [], 0)[0])
        if self._poll is None:
            self._poll = select.poll()  # knows sockets with any number
            self._poll.register(socket, select.POLLIN)
        return bool(self._poll.poll(0))

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Take an answer's head, or one that says to wait for it."""
        self.head_left = _LONGEST_HEAD if data[0].code < 200 else None
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        """Take some bytes from the connection."""
        super().data_received(data)
        if self.head_left is not None:
            self.head_left -= len(data)
            if self.head_left < 0:
                self.set_exception(aiohttp.ClientError("the answer's headers are too long"))
                self.abort()


@final
class StaleRefusingRequest(aiohttp.ClientRequest):
    """A request that refuses a kept connection with something to read on it, and to be added to.

    At best that something is the connection's end, at worst a second answer to the request before. What is added are
    headers, by libraries that instrument all sessions of aiohttp.
    """

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        protocol = conn.protocol
        if isinstance(protocol, _BoundedProtocol):
            if protocol.was_used and protocol.is_stale:
                raise StaleConnection
            protocol.was_used = True
            protocol.head_left = _LONGEST_HEAD
        if isinstance(self.body, AiohttpBody):
            self.headers = CIMultiDict({"Host": self.headers["Host"], **self.body.request_headers})
        return await super().send(conn)
