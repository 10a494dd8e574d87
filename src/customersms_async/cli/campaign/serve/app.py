"""The page over HTTP: ``GET /`` is the page, ``GET /events`` what it shows. Nothing can be changed through it.

See ``sandbox/pages/access`` for where it may be asked from, and ``token`` for whom.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from ....sandbox.pages.access import refusal
from ....sandbox.pages.answers import BASE, CSS, HTML, SCRIPT, SVG, file_bytes, json_response, response

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

    from .feed import PageFeed
    from .token import PageToken

_FOLDER: Final = Path(__file__).parent / "page"
_LOOK: Final = {
    "/base.css": (BASE, CSS),
    "/campaign.css": (_FOLDER / "campaign.css", CSS),
    "/campaign.svg": (_FOLDER / "campaign.svg", SVG),
}
"""What holds nothing of a campaign, and is for the page that asks for the token too."""

_SCRIPT: Final = {"/campaign.js": (_FOLDER / "campaign.js", SCRIPT)}
_PATHS: Final = {"/", "/events", *_LOOK, *_SCRIPT}
_METHODS: Final = ("GET", "HEAD")


def build(feed: PageFeed, token: PageToken, names: Collection[str]) -> Starlette:
    """The ASGI app; ``names`` are those of this machine by which it may be asked."""
    return Starlette(routes=[Route("/{path:path}", _PageEndpoint(feed, token, frozenset(names)))])


@final
class _PageEndpoint:
    def __init__(self, feed: PageFeed, token: PageToken, names: frozenset[str]) -> None:
        self._feed, self._token, self._names = feed, token, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(Request(scope, receive))(scope, receive, send)

    def _answer(self, request: Request) -> ASGIApp:
        path = request.url.path
        problem = refusal(request.method, request.headers, self._names)
        if problem is not None:
            return json_response({"error": problem}, 403)
        if path not in _PATHS:
            return json_response({"error": "not found"}, 404)
        if request.method not in _METHODS:
            return response(b'{"error":"read only"}', "application/json", 405, {"Allow": ", ".join(_METHODS)})
        if path in _LOOK:
            file, kind = _LOOK[path]
            return response(file_bytes(file), kind)
        if path == "/" and self._token.opens(request.query_params.get("token")):
            return response(b"", HTML, 303, {"Location": "/", "Set-Cookie": self._token.cookie(request)})
        if not self._token.admits(request):
            return response(file_bytes(_FOLDER / "locked.html"), HTML, 401, {"WWW-Authenticate": "Bearer"})
        if path == "/events":
            return self._feed
        if path in _SCRIPT:
            file, kind = _SCRIPT[path]
            return response(file_bytes(file), kind)
        return response(file_bytes(_FOLDER / "campaign.html"), HTML)
