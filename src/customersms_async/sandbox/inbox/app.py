"""The inbox over HTTP: ``GET /`` is the page, ``/texts``, ``/switches`` and ``/faults`` are JSON.

``DELETE /texts`` begins anew, ``PUT /switches`` changes faults and limits. See ``pages/access`` for who may ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from ...errors import ConfigurationError
from ..pages.access import refusal
from ..pages.answers import JSON, file_bytes, json_response, response
from ..switches import SwitchChange
from . import feed
from .inbox_requests import PAGE

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ..gateway import Gateway

_LONGEST_BODY: Final = 64_000
"""Bytes of a change: ten limits and a fault take less than one kilobyte."""


async def answer(gateway: Gateway, request: Request) -> Response:
    """The inbox's answer to a request that is one of its own (see ``inbox_requests.is_for_inbox``)."""
    problem = refusal(request.method, request.headers, gateway.names)
    if problem is not None:
        return _problem(gateway, 403, problem)
    asked = request.url.path
    if asked in PAGE:
        path, kind = PAGE[asked]
        return response(file_bytes(path), kind)
    if asked == "/faults":
        return json_response(list(feed.faults()))
    if asked == "/switches":
        return await _switches(gateway, request)
    if request.method == "DELETE":
        gateway.reset()
    return _texts(gateway, request)


def _texts(gateway: Gateway, request: Request) -> Response:
    try:
        query = msgspec.convert(dict(request.query_params), feed.TextQuery, strict=False)
    except msgspec.ValidationError as error:
        return _problem(gateway, 400, str(error))
    at = gateway.look(lambda state, _: (state.arrivals.after(query.after), feed.counts(state, gateway.began_us)))
    return response(feed.texts(query, *at), JSON)


async def _switches(gateway: Gateway, request: Request) -> Response:
    if request.method == "PUT":
        body = await _body(request)
        if body is None:
            return _problem(gateway, 413, f"a change takes at most {_LONGEST_BODY:,} bytes")
        try:
            gateway.switch(msgspec.json.decode(body, type=SwitchChange))
        except (msgspec.DecodeError, UnicodeDecodeError, ConfigurationError) as error:
            return _problem(gateway, 400, str(error))
    return json_response(gateway.look(lambda _, switches: feed.switches(switches)))


async def _body(request: Request) -> bytes | None:
    """The body; ``None`` if it is too long."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_BODY:
            return None
    return body


def _problem(gateway: Gateway, status: int, error: str) -> Response:
    return json_response({"error": gateway.without_keys(error)}, status)  # it may quote what was asked
