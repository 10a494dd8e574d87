"""The inbox over HTTP: ``GET /`` is the page, ``/texts``, ``/switches`` and ``/faults`` are JSON.

``DELETE /texts`` begins anew, ``PUT /switches`` changes faults and limits. See ``access`` for who may ask.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.responses import Response

from ...errors import ConfigurationError
from ..switches import SwitchChange
from . import feed
from .access import refusal
from .claims import PAGE

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..gateway import Gateway

_FOLDER: Final = Path(__file__).parent / "page"
_JSON: Final = "application/json"
_LONGEST_BODY: Final = 64_000
"""Bytes of a change: ten limits and a fault take less than one kilobyte."""

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


async def answer(gateway: Gateway, request: Request) -> Response:
    """The inbox's answer to a request that is one of its own (see ``claims``)."""
    problem = refusal(request.method, request.headers, gateway.names)
    if problem is not None:
        return _problem(gateway, 403, problem)
    path = request.url.path
    if path in PAGE:
        name, kind = PAGE[path]
        return _response(_file(name), kind)
    if path == "/faults":
        return _json(list(feed.faults()))
    if path == "/switches":
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
    return _response(feed.texts(query, *at), _JSON)


async def _switches(gateway: Gateway, request: Request) -> Response:
    if request.method == "PUT":
        body = await _body(request)
        if body is None:
            return _problem(gateway, 413, f"a change takes at most {_LONGEST_BODY:,} bytes")
        try:
            gateway.switch(msgspec.json.decode(body, type=SwitchChange))
        except (msgspec.DecodeError, UnicodeDecodeError, ConfigurationError) as error:
            return _problem(gateway, 400, str(error))
    return _json(gateway.look(lambda _, switches: feed.switches(switches)))


async def _body(request: Request) -> bytes | None:
    """The body; ``None`` if it is too long."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_BODY:
            return None
    return body


@cache
def _file(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


def _problem(gateway: Gateway, status: int, error: str) -> Response:
    return _json({"error": gateway.without_keys(error)}, status)  # it may quote what was asked


def _json(value: Any, status: int = 200) -> Response:
    return _response(msgspec.json.encode(value), _JSON, status)


def _response(content: bytes, kind: str, status: int = 200) -> Response:
    return Response(content, status, {**_HEADERS, "Content-Type": kind})
