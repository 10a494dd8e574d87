"""Odd answers: what each fault does to a row, to the whole document, to its bytes or to its headers.

Pure. Each table has one small function for each fault that it knows, and leaves all others alone.
"""

from __future__ import annotations

import functools
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from .faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .replies import Document, RowFields

PADDING: Final = 100_000_000
"""Bytes of spaces in ``HUGE_BODY`` and ``GZIP_BOMB``: 100 MB, more than a client should hold for one answer."""

STRANGER: Final = "+15005559999"
"""The number that nobody asked for, in the row that ``ROW_EXTRA`` adds."""

_WARNING: Final = (
    b"<br />\n<b>Warning</b>:  Undefined array key &quot;route&quot; in <b>api.php</b> on line <b>42</b><br />\n"
)
_FATAL: Final = b"<br />\n<b>Fatal error</b>:  Maximum execution time of 30 seconds exceeded in <b>api.php</b><br />\n"


def _as_number(phone: str) -> int | str:
    return int(phone[1:]) if phone.startswith("+") and phone[1:].isdecimal() else phone


def _as_text(value: Any) -> Any:
    """A value with every number and boolean in it as PHP writes them into a string."""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, dict):
        return {name: _as_text(inner) for name, inner in value.items()}
    return [_as_text(inner) for inner in value] if isinstance(value, list) else value


def _gzip(body: bytes) -> bytes:
    packed, squeeze = _packed_padding()
    squeeze = squeeze.copy()
    return b"".join([packed, squeeze.compress(body), squeeze.flush()])


@functools.cache
def _packed_padding() -> tuple[bytes, zlib._Compress]:
    """The padding, and what goes on from there; once, as it takes a third of a second."""
    squeeze = zlib.compressobj(level=9, wbits=31)  # 31: a gzip header, the largest window
    block = b" " * 1_000_000
    return b"".join(squeeze.compress(block) for _ in range(PADDING // len(block))), squeeze


ROWS: Final[Mapping[Fault | None, Callable[[RowFields], list[RowFields]]]] = {
    Fault.ROW_MISSING: lambda _: [],
    Fault.ROW_PHONE_AS_NUMBER: lambda row: [{**row, "phone": _as_number(row["phone"])}],
    Fault.ROW_WITHOUT_ID: lambda row: [{name: value for name, value in row.items() if name != "message_id"}],
    Fault.ROW_ID_AS_NUMBER: lambda row: [{**row, "message_id": int(row["message_id"].removeprefix("msg_"))}],
    Fault.ROW_SUCCESS_AS_TEXT: lambda row: [{**row, "success": "1"}],
    Fault.ROW_TWICE: lambda row: [row, row],
    Fault.ROW_CONTRADICTED: lambda row: [row, {"phone": row["phone"], "success": False, "error": "Sending failed"}],
    Fault.ROW_EXTRA: lambda row: [row, {**row, "phone": STRANGER}],
}
"""Faults of the row of an accepted number, each with what it makes of the row."""

DOCUMENTS: Final[Mapping[Fault | None, Callable[[Document], object]]] = {
    Fault.NUMBERS_AS_TEXT: _as_text,
    Fault.PHONES_AS_NUMBERS: lambda document: {
        **document,
        "results": [{**row, "phone": _as_number(row["phone"])} for row in document["results"]],
    },
    Fault.RESULTS_REVERSED: lambda document: {**document, "results": document["results"][::-1]},
    Fault.RESULTS_SHORT: lambda document: {**document, "results": document["results"][: len(document["results"]) // 2]},
    Fault.RESULTS_KEYED: lambda document: {
        **document,
        "results": {str(index): row for index, row in enumerate(document["results"])},
    },
    Fault.RESULTS_MISSING: lambda document: {name: value for name, value in document.items() if name != "results"},
    Fault.COUNTERS_WRONG: lambda document: {
        **document,
        "successful_sends": 0,
        "failed_sends": document["total_numbers"],
    },
    Fault.FAILURE_BUT_SENT: lambda document: {**document, "success": False, "error": "Sending failed"},
    Fault.NOT_AN_OBJECT: lambda document: [document],
}
"""Faults of the whole document, each with what it makes of it; only where the request was not refused as a whole."""

BYTES: Final[Mapping[Fault | None, Callable[[bytes], bytes]]] = {
    Fault.BOM: lambda body: b"\xef\xbb\xbf" + body,
    Fault.PHP_WARNING: lambda body: _WARNING + body,
    Fault.HTML_FATAL: lambda _: _FATAL,
    Fault.EMPTY_BODY: lambda _: b"",
    Fault.JSON_CUT: lambda body: body[: len(body) // 2],
    Fault.GZIP_BOMB: _gzip,
}
"""Faults of the encoded body, each with what it makes of the bytes."""

_HTML: Final = {"Content-Type": "text/html; charset=UTF-8"}
HEADERS: Final[Mapping[Fault | None, Mapping[str, str]]] = {
    Fault.PHP_WARNING: _HTML,
    Fault.TEXT_HTML: _HTML,
    Fault.HTML_FATAL: _HTML,
    Fault.EMPTY_BODY: _HTML,
    Fault.GZIP_BOMB: {"Content-Encoding": "gzip"},
}
"""Headers in place of the usual ones, or beside them."""
