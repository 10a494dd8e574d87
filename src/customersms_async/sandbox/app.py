"""The ASGI app: read the request, let the rules judge it, answer. All that is decided is decided in ``rules``.

ASGI has no words for most of what a bad connection does. Where the app is served by this package (see ``serving``),
it finds the connection in the scope's extensions; elsewhere, as under ``httpx.ASGITransport``, such a fault raises
``ConnectionAbortedError``, after the texts were accepted or not as the table says.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, Protocol, final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from .faults import Fault, Spoils
from .inbox import app as inbox
from .inbox.inbox_requests import is_for_inbox
from .odd_answers import PADDING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

    from .gateway import Gateway
    from .replies import ServerAnswer
    from .schedule import PlannedFault

EXTENSION: Final = "customersms.connection"
"""Where the scope's extensions hold the ``Connection``."""


class Connection(Protocol):
    """The connection below ASGI, as far as a fault needs it."""

    def asks_inbox(self) -> bool | None:
        """Whether the request that is being read is for the inbox; ``None`` if the connection hasn't looked."""

    def take_planned(self) -> PlannedFault | None:
        """The fault that the schedule has for the request that is being read."""

    def show(self, planned: PlannedFault, answer: ServerAnswer) -> bool:
        """Do to the connection what the fault says; true if the answer still has to be sent."""


def build(gateway: Gateway) -> Starlette:
    """The ASGI app. Every path and method that is not the inbox's reaches the rules, which know what is allowed."""
    return Starlette(routes=[Route("/{path:path}", _Endpoint(gateway))])


@final
class _Endpoint:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gateway, request = self._gateway, Request(scope, receive)
        connection: Connection | None = scope.get("extensions", {}).get(EXTENSION)
        if _asks_inbox(connection, request):
            with contextlib.suppress(ClientDisconnect):
                await (await inbox.answer(gateway, request))(scope, receive, send)
            return
        scheduled = connection.take_planned() if connection is not None else gateway.begin()
        try:
            body = await request.body()
        except ClientDisconnect:
            return  # it was never read in full, so it doesn't count
        outward, homeward = gateway.trip()
        await _pass(outward)
        answer = gateway.answer(request.method, request.url.path, request.headers, body, scheduled)
        await _pass(homeward + _extra(answer.planned))
        if _shown(connection, answer):
            await _response(answer)(scope, receive, send)
        else:
            await _gone(receive)


def _asks_inbox(connection: Connection | None, request: Request) -> bool:
    known = connection.asks_inbox() if connection is not None else None
    return is_for_inbox(request.method, request.url.path) if known is None else known


async def _pass(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)


def _extra(planned: PlannedFault | None) -> float:
    return planned.seconds if planned is not None and planned.effect.spoils is Spoils.TIME else 0.0


def _shown(connection: Connection | None, answer: ServerAnswer) -> bool:
    """Let the connection show the fault; true if the answer still has to be sent."""
    planned = answer.planned
    if planned is None or planned.effect.spoils is not Spoils.CONNECTION:
        return True
    if connection is None:
        raise ConnectionAbortedError(f"the sandbox shows {planned.fault.name} only over a socket: use serve()")
    return connection.show(planned, answer)


async def _gone(receive: Receive) -> None:
    """Wait until the connection's end is known here too."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _response(answer: ServerAnswer) -> Response:
    fault = answer.planned.fault if answer.planned is not None else None
    if fault is Fault.HUGE_BODY or fault is Fault.ENDLESS_BODY:
        padding = _padded(answer.body, PADDING if fault is Fault.HUGE_BODY else None)
        return StreamingResponse(padding, answer.status, answer.headers)
    return Response(answer.body, answer.status, answer.headers)


async def _padded(body: bytes, padding: int | None) -> AsyncIterator[bytes]:
    """Yield ``padding`` spaces, or spaces without end, in blocks that leave the loop free, and then ``body``."""
    block, left = b" " * 100_000, padding
    while left is None or left > 0:
        yield block
        await asyncio.sleep(0)
        left = None if left is None else left - len(block)
    yield body
