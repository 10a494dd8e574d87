"""The engine that is used by default: httpx's own transports, without the client around them.

What that client adds to every request (cookies, redirects, authentication, hooks, headers of its own) took a fifth of a
request's CPU, and none of it may be used here. The proxy for https is chosen as the standard library says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, final
from urllib.request import getproxies, proxy_bypass

import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterable, AsyncIterator, Mapping

KEEPALIVE_SECONDS = 0.5
"""How long an idle connection is kept: below the second that is the least any server waits, less a slow round trip.

Kept longer, four in ten of the sends that came in a server's last moment were lost (benchmarks/soak/keepalive.py), and
such a send is unknown for good; a new connection costs little to one who was idle for so long.
"""


@final
class HttpxEngine:
    """Sends what it is told to, once: it follows nothing, keeps no cookies and knows no passwords.

    A pool is as large as the gate in front of it, or nearly every request would reconnect. Mutable state: the route to
    each URL used so far, the pools by their proxy (``None``: there is none), and whether it was closed.
    """

    def __init__(self, connections: int) -> None:
        self._tls = tls_context()
        self._limits = httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=KEEPALIVE_SECONDS
        )
        self._pools: dict[str | None, httpx.AsyncHTTPTransport] = {}
        self._routes: dict[str, _HttpxRoute] = {}
        self.is_closed = False

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
        pairs = [route.host, *((name.encode(), value.encode()) for name, value in headers.items())]
        request = httpx.Request(method, route.url, headers=pairs, stream=_HttpxBody(content), extensions=extensions)
        return _HttpxRequest(request, route.pool)

    async def send(
        self,
        request: _HttpxRequest,
        *,
        stream: bool,  # noqa: ARG002 - the body is always still to be read
        auth: None,  # noqa: ARG002 - there is none
        follow_redirects: bool,  # noqa: ARG002 - none is followed
    ) -> _HttpxResponse:
        """Send the request once, over a connection of the pool that leads to its URL."""
        return _HttpxResponse(await request.pool.handle_async_request(request.request))

    async def aclose(self) -> None:
        """Close all connections."""
        self.is_closed = True
        for pool in self._pools.values():
            await pool.aclose()

    def _find(self, url: str) -> _HttpxRoute:
        parsed = httpx.URL(url)
        proxy = _proxy_for(parsed)
        pool = self._pools.get(proxy)
        if pool is None:
            pool = httpx.AsyncHTTPTransport(verify=self._tls, limits=self._limits, proxy=proxy)
            self._pools[proxy] = pool
        route = self._routes[url] = _HttpxRoute(parsed, (b"Host", parsed.netloc), pool)
        return route


class _HttpxRoute(NamedTuple):
    """The part that all requests to one URL have in common."""

    url: httpx.URL
    host: tuple[bytes, bytes]
    pool: httpx.AsyncHTTPTransport


class _HttpxRequest(NamedTuple):
    """A request that is about to be sent, and the pool that it goes through."""

    request: httpx.Request
    pool: httpx.AsyncHTTPTransport


@final
class _HttpxBody(httpx.AsyncByteStream):
    """The request's bytes in the type that httpx's transports ask for."""

    def __init__(self, content: AsyncIterable[bytes]) -> None:
        self._content = content

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._content.__aiter__()


@final
class _HttpxResponse:
    """An answer of httpx's transports, whose body is still to be read."""

    __slots__ = ("_response", "headers", "status_code")

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status_code = response.status_code
        self.headers = response.headers

    def aiter_raw(self) -> AsyncIterator[bytes]:
        """The pieces of the body as they come."""
        assert isinstance(self._response.stream, httpx.AsyncByteStream)  # noqa: S101 - so its transports promise
        return self._response.stream.__aiter__()

    async def aclose(self) -> None:
        """Give back the connection, or cut it if there is more to come."""
        await self._response.aclose()


def _proxy_for(url: httpx.URL) -> str | None:
    """The proxy that the environment names for ``url``: plain http goes to this machine, and past all of them."""
    if url.scheme != "https" or proxy_bypass(url.host):
        return None
    named = getproxies()
    proxy = named.get("https") or named.get("all")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def tls_context() -> ssl.SSLContext:
    """The context that TLS certificates are judged by; takes 50 ms to make."""
    return httpx.create_ssl_context()
