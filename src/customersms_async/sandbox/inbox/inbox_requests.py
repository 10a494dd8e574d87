"""Which requests are for the inbox. They are none of the gateway's: no fault befalls them, and nothing counts them.

Pure. Every other method and path is the gateway's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..pages.answers import BASE, CSS, HTML, SCRIPT, SVG

_FOLDER: Final = Path(__file__).parent / "page"

PAGE: Final = {
    "/": (_FOLDER / "inbox.html", HTML),
    "/base.css": (BASE, CSS),
    "/inbox.css": (_FOLDER / "inbox.css", CSS),
    "/inbox.js": (_FOLDER / "inbox.js", SCRIPT),
    "/inbox.svg": (_FOLDER / "inbox.svg", SVG),
}
"""The files of the page, and what they are."""

_ASKED: Final = frozenset(
    {
        *((method, path) for method in ("GET", "HEAD") for path in (*PAGE, "/texts", "/switches", "/faults")),
        ("DELETE", "/texts"),
        ("PUT", "/switches"),
    }
)
_BEGINNINGS: Final = tuple(f"{method} {path}{end}".encode() for method, path in sorted(_ASKED) for end in " ?")


def is_for_inbox(method: str, path: str) -> bool:
    """Whether a request is the inbox's."""
    return (method, path) in _ASKED


def begins_for_inbox(first: bytes) -> bool | None:
    """``is_for_inbox`` by the first bytes of a request; ``None`` while there are too few to know."""
    if first.startswith(_BEGINNINGS):
        return True
    return None if any(beginning.startswith(first) for beginning in _BEGINNINGS) else False
