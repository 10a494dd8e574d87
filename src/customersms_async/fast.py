"""A faster engine than httpx's own: aiohttp's connections, and nothing around them. Extra ``fast``.

It stands where a client of httpx stands (``AsyncClient(http_client=...)``), and does no more than ``transport`` asks of
one. Whether the first byte may be out is known exactly: a request is written in one piece, when a connection stands and
``transport``, asked for the body, lets it go. httpx-aiohttp was rejected because it reports an answer that never came
as a failure to connect, keeps cookies, and leaves httpx's own cost, which is more than aiohttp's; pyreqwest because it
aborted processes that ended.
"""

from __future__ import annotations

import asyncio
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, final

try:
    import aiohttp
except ModuleNotFoundError as _missing:
    advice = 'the fast engine needs aiohttp: pip install "customersms-async[fast]"'
    raise ModuleNotFoundError(advice, name=_missing.name) from None

from ._http.aiohttp_connections import AiohttpConnections, AiohttpRequest, AiohttpResponse
from ._http.error_meaning import is_refused_certificate
from ._http.setup_problem import SetupProblem
from ._http.tls import TlsTrust
from ._runtime.closing import Closing
from ._runtime.shutdown import AtShutdown

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterable, Awaitable, Mapping

__all__ = ["FastClient"]


@final
class FastClient(Closing):
    """Connections for ``AsyncClient(http_client=FastClient())``, at a fraction of what httpx's cost.

    It stays yours to close, after the clients that use it: ``async with FastClient() as http_client``. Certificates are
    judged by ``tls``, by default as httpx does it. It has as many connections as its clients' ``max_concurrency`` come
    to, keeps no cookies, and speaks HTTP/1.1 to the gateway itself, past any proxy that the environment names.

    Mutable state: the connections, made when first used, as they belong to the event loop, and what closes them at its
    end; what certificates are judged by, which takes 50 ms to make; and whether it was closed.

    Example:
        ```python
        async with FastClient() as http_client, AsyncClient(http_client=http_client) as client:
            await client.send("+12125551234", "Your parcel is here")
        ```
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._trust: TlsTrust | None = None
        self._connections: AiohttpConnections | None = None
        self._at_shutdown: AtShutdown | None = None
        self._loading = asyncio.Lock()
        self.is_closed: bool = False

    def build_request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: AsyncIterable[bytes],
        extensions: dict[str, Any],  # noqa: ARG002 - httpx's own
    ) -> AiohttpRequest:
        """Put a request together, as httpx does; ``extensions`` are httpx's own, and not used."""
        return AiohttpRequest(method, url, headers, content)

    async def send(
        self,
        request: AiohttpRequest,
        *,
        stream: bool = True,  # noqa: ARG002 - the body is always still to be read
        auth: None = None,  # noqa: ARG002 - there is none
        follow_redirects: bool = False,  # noqa: ARG002 - none is followed
    ) -> AiohttpResponse:
        """Send the request once, over a connection on which nothing is left to read.

        A cancelled call cuts the connection. A refused certificate is looked at again if the authorities have been
        replaced: nothing has left by then.

        Raises:
            Exception: aiohttp's own errors, and ``OSError``: ``AsyncClient`` says what they mean.
        """
        connections = self._connections
        loop = asyncio.get_running_loop()
        if connections is None or connections.loop is not loop:
            connections = await self._open(connections)
        tls: ssl.SSLContext | bool = True
        if request.url.startswith("https:"):
            tls = self._tls or (self._trust or await self._load()).context
        while True:
            try:
                return await connections.send(request, tls)
            except aiohttp.ClientError as error:
                trust = self._trust if is_refused_certificate(error) else None  # None as well with a caller's context
                if trust is None or not await trust.has_changed_since(tls):
                    raise
                tls = trust.context

    async def _open(self, former: AiohttpConnections | None) -> AiohttpConnections:
        """Connections in the running event loop; those of one that has ended are gone with it."""
        if former is not None:
            if not former.loop.is_closed():
                raise SetupProblem("the FastClient belongs to another event loop: make one for each")
            self._connections = self._at_shutdown = None
            await former.close()  # which waits for nothing then
        if self._connections is None:
            self._connections = AiohttpConnections()
            self._at_shutdown = AtShutdown(partial(_shut_down, weakref.ref(self)))
        return self._connections

    async def _load(self) -> TlsTrust:
        async with self._loading:
            if self._trust is None:
                self._trust = await asyncio.to_thread(TlsTrust)
        return self._trust

    async def aclose(self) -> None:
        """Close the connections; what is still on its way is lost."""
        self.is_closed = True
        closing = self.shut_down()
        self._at_shutdown = None
        if closing is not None:
            await closing

    def shut_down(self) -> Awaitable[None] | None:
        """Close the connections, as the event loop ends; gives what waits for that. Another loop may use it anew."""
        connections, self._connections = self._connections, None
        return None if connections is None else connections.close()


def _shut_down(client: weakref.ref[FastClient]) -> Awaitable[None] | None:
    """Close the connections of a client that nobody closed, as the event loop ends."""
    found = client()
    return None if found is None else found.shut_down()
