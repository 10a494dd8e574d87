"""Connections of aiohttp's that do what httpx's do: bounded heads, nothing stale, and exactly our headers.

aiohttp finds the host, opens and keeps the connections, and reads what comes over them; its session, its requests and
its answers, made for all that HTTP has, took about half of a request's CPU and are not used. Nothing of a request
leaves but what is written here: one piece, the head and the body.
"""

from __future__ import annotations

import asyncio
import errno
import inspect
import os
import select
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

import aiohttp
import msgspec
from aiohttp.client_proto import ResponseHandler
from multidict import CIMultiDict
from yarl import URL

from .engine import KEEPALIVE_SECONDS

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Mapping

    from aiohttp import StreamReader
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage

_LONGEST_HEAD: Final = 100 * 1024
"""Bytes of an answer's status line and headers together: what httpx takes of them."""

_READING: Final[dict[str, Any]] = {
    "read_until_eof": True,
    "auto_decompress": False,
    "max_line_size": _LONGEST_HEAD,
    "max_field_size": _LONGEST_HEAD,
}
"""How an answer is read."""

if "max_headers" in inspect.signature(ResponseHandler.set_response_params).parameters:  # older ones count no headers
    _READING["max_headers"] = _LONGEST_HEAD // len(b"a:\r\n")

_AT_ONCE: Final = 64 * 1024
"""Bytes that an idle connection takes at once. Of a larger request over TLS asyncio does not say how much has left."""

_UNTIMED: Final = aiohttp.ClientTimeout()  # transport has a deadline for the whole


@final
class AiohttpConnections:
    """The connections of one engine in the running event loop, any number of them, as the gate before it has a limit.

    Mutable state: those of the connector; and the routes to the URLs used so far.
    """

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self._connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_SECONDS)
        made = partial(_BoundedProtocol, loop=self.loop)
        self._connector._factory = made  # type: ignore[assignment]  # a kind of theirs  # noqa: SLF001 - no other way
        self._routes: dict[str, _Route] = {}

    async def send(self, request: AiohttpRequest, tls: ssl.SSLContext | bool) -> AiohttpResponse:
        """Send a request over a connection on which nothing is left to read, and give its answer's head.

        The body is asked for when the connection stands. Whatever is raised, the connection is cut then.
        """
        route = self._routes.get(request.url)
        if route is None or route.asked.ssl is not tls:
            route = self._find(request.url, tls)
        connection, protocol = await self._connect(route)
        try:
            await protocol.write(route.head_of(request), request.content)
            message, payload = await protocol.read()
            while message.code < 200:
                if message.code == 101:  # it speaks something else from now on
                    raise aiohttp.ClientError("no final answer")
                message, payload = await protocol.read()
        except BaseException:
            connection.close()
            raise
        return AiohttpResponse(connection, message, payload)

    def close(self) -> Awaitable[None]:
        """Close all connections; await what this gives until they are."""
        return self._connector.close()

    async def _connect(self, route: _Route) -> tuple[Connection, _BoundedProtocol]:
        """A new connection, or a kept one that is still as it was left: else it may have another's answer on it."""
        while True:
            connection = await self._connector.connect(route.asked, [], _UNTIMED)
            protocol = connection.protocol
            assert isinstance(protocol, _BoundedProtocol)  # noqa: S101 - nothing else is made
            if not protocol.is_stale:
                return connection, protocol
            connection.close()

    def _find(self, url: str, tls: ssl.SSLContext | bool) -> _Route:
        asked = aiohttp.ClientRequest("POST", URL(url), loop=self.loop, ssl=tls)
        opening = f" {asked.url.raw_path_qs} HTTP/1.1\r\nHost: {asked.headers['Host']}\r\n"
        route = self._routes[url] = _Route(asked, opening)
        return route


class _Route(NamedTuple):
    """The way to one URL: what a connector is asked with, and how each request along it goes on after its method."""

    asked: aiohttp.ClientRequest
    opening: str

    def head_of(self, request: AiohttpRequest) -> bytes:
        fields = "".join([f"{name}: {value}\r\n" for name, value in request.headers.items()])
        return f"{request.method}{self.opening}{fields}\r\n".encode("ascii")


@final
class AiohttpRequest(msgspec.Struct, frozen=True):
    """A request that is about to be sent, with these headers, after ``Host``, and no others."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: AsyncIterable[bytes]


@final
class AiohttpResponse:
    """An answer whose head has come, and whose body is still to be read."""

    __slots__ = ("_connection", "_payload", "headers", "status_code")

    def __init__(self, connection: Connection, message: RawResponseMessage, payload: StreamReader) -> None:
        self._connection = connection
        self._payload = payload
        self.status_code: int = message.code
        self.headers: Mapping[str, str] = message.headers
        encodings = message.headers.getall("Content-Encoding", ())
        if len(encodings) > 1:  # written several times it is one list, as httpx reads it
            self.headers = joined = CIMultiDict(message.headers)
            joined["Content-Encoding"] = ", ".join(encodings)

    def aiter_raw(self) -> AsyncIterator[bytes]:
        """The pieces of the body as they come."""
        return self._payload.iter_any()

    async def aclose(self) -> None:
        """Keep the connection for the next request, or cut it if there is more to come, or to go."""
        protocol = self._connection.protocol
        if isinstance(protocol, _BoundedProtocol) and self._payload.is_eof() and protocol.has_left_whole:
            self._connection.release()
        else:
            self._connection.close()


class ConnectError(aiohttp.ClientOSError):
    """A connection that ended before anything was written to it, as while somebody decided whether that may be.

    Its name is that of httpx's error, and what ``error_meaning`` takes for a proof that nothing left.
    """


@final
class _BoundedProtocol(ResponseHandler):
    """A connection that is cut if the head of an answer takes more than ``_LONGEST_HEAD``, as it would over httpx.

    aiohttp bounds each header and how many there are, which is a thousand times as much. A connection is cut, never
    closed in order: what is still to leave then must not leave after its deadline.

    Mutable state: how many bytes of a head may still come, ``None`` where none is due; what the body of the last answer
    comes in; whether anything came that nobody had asked for; whether it had a request before, with what tells then
    whether there is something to read; and whether some of that may be on its way still, though nothing says so.
    """

    head_left: int | None = None
    was_used = False
    _may_hold_some = False
    _body: StreamReader | None = None
    _has_strays = False
    _head_came = False
    _poll: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Have a connection without TLS read no more at once than the memory at hand has room for.

        asyncio asks for 256 kB each time, which may come from the system and go back to it: 12 µs, of some 200 that a
        request takes. With TLS, and in uvloop, there is another buffer.
        """
        super().connection_made(transport)
        if hasattr(transport, "max_size"):
            transport.max_size = _AT_ONCE

    async def write(self, head: bytes, content: AsyncIterable[bytes]) -> None:
        """Write a request in one piece, and expect the head of an answer.

        Whether it may leave is decided as ``content`` is asked for, which may take a while: only then is the connection
        looked at, and no answer is due before. Nothing waits here until it is gone: whoever writes waits for an answer
        next. A call of its own, so that nobody holds the body meanwhile, as the API key is in it.
        """
        request = b"".join([head, *[piece async for piece in content]])
        transport = self.transport
        if transport is None or transport.is_closing() or self.is_stale:
            raise ConnectError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        self.was_used = True
        self._may_hold_some = len(request) > _AT_ONCE and transport.get_extra_info("sslcontext") is not None
        self.head_left = _LONGEST_HEAD
        self.set_response_params(**_READING)
        transport.write(request)

    @property
    def has_left_whole(self) -> bool:
        """Whether it is sure that all of the last request is gone."""
        transport = self.transport
        return transport is not None and not transport.get_write_buffer_size() and not self._may_hold_some

    @property
    def is_stale(self) -> bool:
        """Whether the connection has ended, or something came that nobody had asked for."""
        return self._has_strays or bool(self.should_close) or (self.was_used and self._is_readable())

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

    def close(self) -> None:
        """Cut the connection."""
        if self.transport is not None:
            self.transport.abort()
        super().close()

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Take an answer's head, or one that says to wait for it."""
        self._head_came = True
        self.head_left = _LONGEST_HEAD if data[0].code < 200 else None
        self._body = data[1]
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        """Take some bytes from the connection; none, where aiohttp goes on with what it has."""
        if data and self.head_left is None and (self._body is None or self._body.is_eof()):
            self._has_strays = True
        self._head_came = False
        super().data_received(data)
        if self.head_left is not None and not self._head_came:
            self.head_left -= len(data)
            if self.head_left < 0:
                self.set_exception(aiohttp.ClientError("the answer's headers are too long"))
                self.close()
