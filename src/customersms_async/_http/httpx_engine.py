"""The engine that is used by default: httpx's own transports, one connection each, without the client around them.

What that client adds to every request (cookies, redirects, authentication, hooks, headers of its own) took a fifth of a
request's CPU, and none of it may be used here. The proxy for https is chosen as the standard library says. This is the
one module that imports httpx, and is itself imported with the first request.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, final

import httpx

from .connection_stacks import ConnectionStacks
from .engine import HAS_ENDED, KEEPALIVE_SECONDS
from .error_meaning import is_refused_certificate
from .proxies import proxy_for
from .request_builder import RequestBuilder
from .tls import TlsTrust

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterable, AsyncIterator, Mapping

_ONE_CONNECTION = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE_SECONDS)


@final
class HttpxEngine:
    """Sends what it is told to, once: it follows nothing, keeps no cookies and knows no passwords.

    It opens as many connections as there are requests at a time. Making one imports nothing more and takes 50 ms, for
    the TLS context that all connections share. Mutable state: the route to each URL used so far; the connections are
    kept by ``ConnectionStacks``.
    """

    def __init__(self) -> None:
        self._trust = TlsTrust()
        self._requests = RequestBuilder(httpx)
        self._routes: dict[str, _HttpxRoute] = {}
        self._connections: ConnectionStacks[_HttpxConnection] = ConnectionStacks(KEEPALIVE_SECONDS)

    @property
    def is_closed(self) -> bool:
        """Whether ``aclose`` was called."""
        return self._connections.closed

    def build_request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: AsyncIterable[bytes],
        extensions: dict[str, Any],
    ) -> _HttpxRequest:
        """Put a request together, as an ``httpx.AsyncClient`` does."""
        route = self._routes.get(url) or self._find(url)
        return _HttpxRequest(self._requests.build(method, url, headers, content, extensions), route)

    async def send(
        self,
        request: _HttpxRequest,
        *,
        stream: bool,  # noqa: ARG002 - the body is always still to be read
        auth: None,  # noqa: ARG002 - there is none
        follow_redirects: bool,  # noqa: ARG002 - none is followed
    ) -> _HttpxResponse:
        """Send the request once, over a connection that nobody else uses.

        A refused certificate is looked at again if the authorities have been replaced: nothing has left by then.
        """
        route = request.route
        while True:
            connection = self._connections.take(route, partial(_HttpxConnection, route))
            try:
                response = await connection.exchange(request.request)
            except BaseException as error:
                await self._connections.discard(connection)
                if not is_refused_certificate(error) or not await self._trust.has_changed_since(route.tls):
                    raise
                self._routes.clear()
                route = route._replace(tls=self._trust.context)
            else:
                return _HttpxResponse(response, connection, route, self._connections)

    async def aclose(self) -> None:
        """Close all connections; what is still on its way is lost."""
        await self._connections.aclose()

    def _find(self, url: str) -> _HttpxRoute:
        parsed = self._requests.target(url).url
        proxy = proxy_for(url)
        proxy_url = None if proxy is None else proxy.url
        route = self._routes[url] = _HttpxRoute(proxy_url, parsed.scheme, parsed.netloc, self._trust.context)
        return route


class _HttpxRoute(NamedTuple):
    """The way that a connection leads: through which proxy (``None``: there is none), to whom, and who is trusted."""

    proxy: str | None
    scheme: str
    netloc: bytes
    tls: ssl.SSLContext

    def __repr__(self) -> str:
        return f"<route to {self.netloc.rpartition(b'@')[2]!r}{'' if self.proxy is None else ' through a proxy'}>"


class _HttpxRequest(NamedTuple):
    """A request that is about to be sent, and the way it takes."""

    request: httpx.Request
    route: _HttpxRoute


@final
class _HttpxConnection:
    """One connection of httpx's: it is opened for the first request, and anew where it has ended between two.

    Mutable state: that; and what the last answer came from, which tells whether there is something to read.
    """

    __slots__ = ("_stream", "_transport")

    def __init__(self, route: _HttpxRoute) -> None:
        self._transport = httpx.AsyncHTTPTransport(verify=route.tls, limits=_ONE_CONNECTION, proxy=route.proxy)
        self._stream: Any = None

    async def exchange(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and give its answer's head."""
        if self._stream is not None:
            request.extensions[HAS_ENDED] = self._has_ended
        response = await self._transport.handle_async_request(request)
        self._stream = response.extensions.get("network_stream")  # what stands for httpx in tests may have none
        return response

    async def aclose(self) -> None:
        """Close it."""
        await self._transport.aclose()

    def _has_ended(self) -> bool:
        """Whether the connection of the last answer has ended since, or holds bytes that nobody asked for."""
        return bool(self._stream.get_extra_info("is_readable"))


@final
class _HttpxResponse:
    """An answer of httpx's transports, whose body is still to be read, and the connection that it comes over.

    Mutable state: whether the body was read to its end.
    """

    __slots__ = ("_connection", "_connections", "_read_whole", "_route", "_stream", "headers", "status_code")

    def __init__(
        self,
        response: httpx.Response,
        connection: _HttpxConnection,
        route: _HttpxRoute,
        connections: ConnectionStacks[_HttpxConnection],
    ) -> None:
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - so its transports promise
        self._stream = response.stream
        self._connection = connection
        self._route = route
        self._connections = connections
        self._read_whole = False
        self.status_code = response.status_code
        self.headers = response.headers

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        """The pieces of the body as they come."""
        async for piece in self._stream:
            yield piece
        self._read_whole = True

    async def aclose(self) -> None:
        """Keep the connection for the next request, or cut it if there is more to come."""
        whole = False
        try:
            await self._stream.aclose()
            whole = self._read_whole
        finally:
            if whole:
                self._connections.give_back(self._route, self._connection)
            else:
                await self._connections.discard(self._connection)
