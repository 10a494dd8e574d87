"""The answers of a page: their headers let it load nothing from elsewhere, run nothing else, and be kept nowhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON: Final = "application/json"
HTML: Final = "text/html; charset=utf-8"
CSS: Final = "text/css; charset=utf-8"
SCRIPT: Final = "text/javascript; charset=utf-8"
SVG: Final = "image/svg+xml"

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""The headers of every answer, whatever it holds."""

BASE: Final = Path(__file__).parent / "base.css"
"""The look that all pages begin with: colours of day and night, type, the head of the page, cards and figures."""


def response(content: bytes, kind: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with this content of a kind (its media type)."""
    return Response(content, status, {**HEADERS, "Content-Type": kind, **(headers or {})})


def json_response(value: Any, status: int = 200) -> Response:
    """An answer in JSON."""
    return response(msgspec.json.encode(value), JSON, status)


@cache
def file_bytes(path: Path) -> bytes:
    """The content of one of the package's own files, read once."""
    return path.read_bytes()
