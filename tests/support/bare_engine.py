"""An engine of sockets and next to nothing else, for tests of what lies above an engine: httpx took most of their time.

It waits where an engine has to: for a connection, for the moment before the first byte, for the answer's head, and for
its body. What a request does in an engine of ours, and in httpx, is not tried over it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping

HEAD_ENDS: Final = b"\r\n\r\n"
BEFORE_THE_FIRST_BYTE: Final = 12
"""Turns of the loop: two more than a stream lets pass before it takes a cancelled consumer for gone, and holds back
what has not left. With fewer, a request may rightly leave in them."""


class BareRequest(NamedTuple):
    """A request that is about to be sent."""

    url: str
    head: bytes
    content: AsyncIterable[bytes]


@final
class BareEngine:
    """Sends each request over a connection that nobody else uses, and keeps it only if its answer was read whole."""

    def __init__(self) -> None:
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()
        self.is_closed = False

    def build_request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: AsyncIterable[bytes],
        extensions: dict[str, Any],
    ) -> BareRequest:
        to = urlsplit(url)
        lines = [f"{method} {to.path} HTTP/1.1", f"Host: {to.netloc}", *(f"{n}: {v}" for n, v in headers.items())]
        return BareRequest(url, "\r\n".join([*lines, "", ""]).encode(), content)

    async def send(self, request: BareRequest, *, stream: bool, auth: None, follow_redirects: bool) -> BareResponse:
        await turns(BEFORE_THE_FIRST_BYTE)
        connection = self._idle.pop() if self._idle else await self._connect(request.url)
        try:
            body = b"".join([piece async for piece in request.content])
            connection.ask(request.head + body)
            head = await connection.read_head()
        except BaseException:
            connection.cut()
            raise
        status, *lines = head.decode().split("\r\n")
        headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
        return BareResponse(int(status.split()[1]), headers, connection, self._keep)

    async def aclose(self) -> None:
        self.is_closed = True
        for connection in tuple(self._open):
            connection.cut()
        await asyncio.sleep(0)  # as others wait for the end of their connections

    async def _connect(self, url: str) -> _Connection:
        to = urlsplit(url)
        assert to.hostname is not None
        assert to.port is not None
        make = partial(_Connection, self._open)
        _, connection = await asyncio.get_running_loop().create_connection(make, to.hostname, to.port)
        return connection

    def _keep(self, connection: _Connection) -> None:
        self._idle.append(connection)


async def turns(number: int) -> None:
    """Wait for so many turns of the loop, in one step."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()

    def turn(left: int) -> None:
        if left:
            loop.call_soon(turn, left - 1)
        elif not over.done():
            over.set_result(None)

    turn(number)
    await over


@final
class BareResponse:
    """An answer whose head has come."""

    def __init__(
        self, status_code: int, headers: dict[str, str], connection: _Connection, keep: Callable[[_Connection], None]
    ) -> None:
        self.status_code = status_code
        self.headers = headers
        self._connection = connection
        self._keep = keep
        self._whole = False

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        yield await self._connection.read(int(self.headers["Content-Length"]))
        self._whole = True

    async def aclose(self) -> None:
        if self._whole:
            self._keep(self._connection)
        else:
            self._connection.cut()


@final
class _Connection(asyncio.Protocol):
    """A connection, and what has come over it and was not read yet."""

    def __init__(self, opened: set[_Connection]) -> None:
        self._opened = opened
        self._transport: Any = None  # uvloop's is no asyncio.Transport
        self._data = b""
        self._lost = False
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._opened.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._opened.discard(self)
        self._lost = True
        self._wake()

    def data_received(self, data: bytes) -> None:
        self._data += data
        self._wake()

    def ask(self, request: bytes) -> None:
        self._transport.write(request)

    def cut(self) -> None:
        self._transport.abort()

    async def read_head(self) -> bytes:
        while HEAD_ENDS not in self._data:
            await self._more()
        head, _, self._data = self._data.partition(HEAD_ENDS)
        return head

    async def read(self, length: int) -> bytes:
        await asyncio.sleep(0)  # a body seldom comes together with its head
        while len(self._data) < length:
            await self._more()
        read, self._data = self._data[:length], self._data[length:]
        return read

    async def _more(self) -> None:
        if self._lost:
            raise EOFError("the gateway has left")
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
