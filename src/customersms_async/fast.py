"""A faster engine than httpx's own: aiohttp's connections, and nothing around them. Extra ``fast``.

It stands where a client of httpx stands (``AsyncClient(http_client=...)``), and does no more than ``transport`` asks of
one. Whether the first byte may be out is known exactly: aiohttp sends a request's head together with the first piece of
its body, and reads that, which asks ``transport``, when a connection stands. httpx-aiohttp was rejected because it
reports an answer that never came as a failure to connect, keeps cookies, and leaves httpx's own cost, which is more
than aiohttp's; pyreqwest because it aborted processes that ended.
"""

from __future__ import annotations

import asyncio
import select
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, final
from weakref import WeakSet

try:
    import aiohttp
except ModuleNotFoundError as missing:
    advice = 'the fast engine needs aiohttp: pip install "customersms-async[fast]"'
    raise ModuleNotFoundError(advice, name=missing.name) from None

from ._http.httpx_engine import KEEPALIVE_SECONDS, tls_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterable, AsyncIterator, Mapping
    from types import TracebackType

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.connector import Connection

_UNTIMED: Final = aiohttp.ClientTimeout()  # transport has a deadline for the whole
_used: Final[WeakSet[object]] = WeakSet()


@final
class FastClient:
    """Connections for ``AsyncClient(http_client=FastClient())``, at a fraction of what httpx's cost.

    It stays yours to close, after the clients that use it: ``async with FastClient() as http_client``. Certificates are
    judged by ``tls``, by default as httpx does it. It has as many connections as its clients' ``max_concurrency`` come
    to, keeps no cookies, and speaks HTTP/1.1 to the gateway itself, past any proxy that the environment names.

    Mutable state: the session, made when first used, as it belongs to the event loop, what certificates are judged by,
    which takes 50 ms to make, and whether it was closed.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._loading = asyncio.Lock()
        self.is_closed = False

    def build_request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: AsyncIterable[bytes],
        extensions: dict[str, Any],  # noqa: ARG002 - httpx's own
    ) -> _AiohttpRequest:
        """Put a request together, as httpx does; ``extensions`` are httpx's own, and not used."""
        return _AiohttpRequest(method, url, headers, content)

    async def send(
        self,
        request: _AiohttpRequest,
        *,
        stream: bool = True,  # noqa: ARG002 - the body is always still to be read
        auth: None = None,  # noqa: ARG002 - there is none
        follow_redirects: bool = False,  # noqa: ARG002 - none is followed
    ) -> _AiohttpResponse:
        """Send the request once, over a connection on which nothing is left to read.

        A cancelled call cuts the connection.
        """
        session = self._session or self._open()
        tls: ssl.SSLContext | bool = True
        if request.url.startswith("https:"):
            tls = self._tls or await self._load()
        while True:
            body = _AiohttpBody(request.content)
            try:
                response = await session.request(
                    request.method, request.url, headers=request.headers, data=body, ssl=tls, allow_redirects=False
                )
            except _Stale:
                continue  # that connection is closed: there is another, or a new one
            if response.status < 200:  # 101: it speaks something else from now on
                response.close()
                raise aiohttp.ClientError("no final answer")
            return _AiohttpResponse(response)

    def _open(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_SECONDS),  # the gate before it has one
            cookie_jar=aiohttp.DummyCookieJar(),  # a gateway can't leave the key there
            auto_decompress=False,
            timeout=_UNTIMED,
            request_class=_StaleRefusingRequest,
        )
        return self._session

    async def _load(self) -> ssl.SSLContext:
        async with self._loading:
            if self._tls is None:
                self._tls = await asyncio.to_thread(tls_context)
        return self._tls

    async def aclose(self) -> None:
        """Close the connections; what is still on its way is lost."""
        self.is_closed = True
        if self._session is not None:
            await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


@final
class _AiohttpRequest(NamedTuple):
    """A request that is about to be sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: AsyncIterable[bytes]


@final
class _AiohttpResponse:
    """An answer of aiohttp's, whose body is still to be read."""

    __slots__ = ("_response", "headers", "status_code")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status_code = response.status
        self.headers = response.headers

    def aiter_raw(self) -> AsyncIterator[bytes]:
        """The pieces of the body as they come."""
        return self._response.content.iter_any()

    async def aclose(self) -> None:
        """Give back the connection, or cut it if there is more to come."""
        self._response.close()


class _Stale(Exception):  # noqa: N818 - a signal, which ends in this module
    """The connection has ended, or holds bytes that nobody asked for; nothing of the request has left."""


@final
class _AiohttpBody(aiohttp.Payload):
    """The request's bytes, read when a connection stands."""

    def __init__(self, content: AsyncIterable[bytes]) -> None:
        super().__init__(content, content_type="application/json")

    async def write(self, writer: AbstractStreamWriter) -> None:
        async for some in self._value:
            await writer.write(some)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002 - aiohttp's names
        raise TypeError("the body is given out once")


@final
class _StaleRefusingRequest(aiohttp.ClientRequest):
    """A request that refuses a kept connection with something to read on it.

    At best that is the connection's end, at worst a second answer to the request before.
    """

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        protocol = conn.protocol
        if protocol in _used and (protocol is None or protocol.should_close or _readable(conn.transport)):
            raise _Stale
        _used.add(protocol)
        return await super().send(conn)


def _readable(transport: asyncio.Transport | None) -> bool:
    socket = None if transport is None else transport.get_extra_info("socket")
    if socket is None:
        return True
    if sys.platform == "win32":
        return bool(select.select([socket], [], [], 0)[0])
    poll = select.poll()  # knows sockets with any number
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))
