"""A transport of the caller's as an engine: httpx's, httpx2's, or one of somebody's own over either."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, Protocol, cast, final

from .request_builder import RequestBuilder

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Mapping
    from types import ModuleType

    from .engine import AnyEngine, EngineResponse


class HttpxShapedTransport(Protocol):
    """What httpx calls a transport: it sends one request, and adds nothing to it."""

    async def handle_async_request(self, request: Any, /) -> Any:
        """Send the request, and give the answer as soon as its head is there."""

    async def aclose(self) -> None:
        """Close all connections."""


def as_engine(client: AnyEngine | HttpxShapedTransport) -> AnyEngine:
    """A caller's client as the engine that it is, or a caller's transport as one."""
    if hasattr(client, "build_request"):
        return cast("AnyEngine", client)
    return TransportEngine(client)


@final
class TransportEngine:
    """Sends each request through ``transport``, as it is. Immutable, but for what its builder remembers."""

    is_closed = False  # a transport does not say

    def __init__(self, transport: HttpxShapedTransport) -> None:
        self._transport = transport
        self._requests = RequestBuilder(_library_of(transport))

    def build_request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: AsyncIterable[bytes],
        extensions: dict[str, Any],
    ) -> object:
        """Put a request together for the transport's library."""
        return self._requests.build(method, url, headers, content, extensions)

    async def send(
        self,
        request: object,
        *,
        stream: bool,  # noqa: ARG002 - the body is always still to be read
        auth: None,  # noqa: ARG002 - there is none
        follow_redirects: bool,  # noqa: ARG002 - none is followed
    ) -> EngineResponse:
        """Send the request once."""
        return cast("EngineResponse", await self._transport.handle_async_request(request))

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()


def _library_of(transport: object) -> ModuleType:
    """The library whose requests the transport takes: that of its base class, else httpx."""
    for kind in type(transport).__mro__:
        library = sys.modules.get(kind.__module__.partition(".")[0])
        if kind.__name__ == "AsyncBaseTransport" and library is not None:
            return library
    return importlib.import_module("httpx")
