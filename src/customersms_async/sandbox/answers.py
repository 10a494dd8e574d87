"""What goes back over the wire: the script's reply, spoiled by a fault in the ways that PHP scripts and proxies do.

Pure. Each fault is one small function in one of three tables: over a row, over the whole document, over its bytes.
"""

from __future__ import annotations

import functools
import zlib
from decimal import Decimal
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from .faults import Fault, Spoils

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .schedule import Planned

Row: TypeAlias = dict[str, Any]
Document: TypeAlias = dict[str, Any]

PADDING: Final = 100_000_000
"""Bytes of spaces in ``HUGE_BODY`` and ``GZIP_BOMB``: 100 MB, more than a client should hold for one answer."""

ELSEWHERE: Final = "/api.php"
"""Where a redirect leads: the other path of the endpoint, where a client that follows it would be heard."""

STRANGER: Final = "+15005559999"
"""The number that nobody asked for, in the row that ``ROW_EXTRA`` adds."""


class Reply(msgspec.Struct, frozen=True):
    """What the script itself would answer."""

    status: int
    document: Document
    headers: Mapping[str, str] = {}


def error(status: int, code: str, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Return an error in its documented form."""
    return Reply(status, {"success": False, "error": text, "code": code}, headers or {})


class Answer(msgspec.Struct, frozen=True):
    """What the server does: an HTTP answer, and the fault that the connection has to show, if any."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    planned: Planned | None = None


def spoil(reply: Reply, planned: Planned | None, now_us: int) -> Answer:
    """Return the answer that carries ``reply``, as ``planned`` leaves it."""
    date = {"Date": formatdate(now_us // 1_000_000, usegmt=True)}
    if planned is not None and planned.effect.spoils is Spoils.STATUS:
        return _page(planned, now_us, date)
    fault = planned.fault if planned is not None else None
    document: object = reply.document
    if fault in DOCUMENTS and "results" in reply.document:
        document = DOCUMENTS[fault](reply.document)
    headers = {"Content-Type": "application/json", **date, **reply.headers, **HEADERS.get(fault, {})}
    body = _ENCODER.encode(document)
    return Answer(reply.status, headers, BYTES[fault](body) if fault in BYTES else body, planned)


def spoil_row(row: Row, fault: Fault | None) -> list[Row]:
    """Return the rows that stand for ``row``: mostly one, or none, or two."""
    return ROWS[fault](row) if fault in ROWS else [row]


def _page(planned: Planned, now_us: int, headers: dict[str, str]) -> Answer:
    """Return the page that a web server or a proxy gives in place of the script's answer."""
    effect = planned.effect
    title = f"{effect.status} {HTTPStatus(effect.status).phrase}"
    headers = {"Content-Type": "text/html", **headers}
    if 300 <= effect.status < 400:
        headers["Location"] = ELSEWHERE
    if effect.retry_after is not None:
        moment_us = now_us + round(planned.seconds * 1_000_000)
        headers["Retry-After"] = {
            "seconds": f"{planned.seconds:g}",
            "date": formatdate(-(-moment_us // 1_000_000), usegmt=True),  # dates have whole seconds: never too early
        }.get(effect.retry_after, effect.retry_after)
    body = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(effect.status, headers, body.encode(), planned)


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")

_WARNING: Final = (
    b"<br />\n<b>Warning</b>:  Undefined array key &quot;route&quot; in <b>api.php</b> on line <b>42</b><br />\n"
)
_FATAL: Final = b"<br />\n<b>Fatal error</b>:  Maximum execution time of 30 seconds exceeded in <b>api.php</b><br />\n"

_HTML: Final = {"Content-Type": "text/html; charset=UTF-8"}
HEADERS: Final[Mapping[Fault | None, Mapping[str, str]]] = {
    Fault.PHP_WARNING: _HTML,
    Fault.TEXT_HTML: _HTML,
    Fault.HTML_FATAL: _HTML,
    Fault.EMPTY_BODY: _HTML,
    Fault.GZIP_BOMB: {"Content-Encoding": "gzip"},
}


def _as_number(phone: str) -> int | str:
    return int(phone[1:]) if phone.startswith("+") and phone[1:].isdecimal() else phone


def _as_text(value: Any) -> Any:
    """Return ``value`` with every number and boolean in it as PHP writes it into a string."""
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


ROWS: Final[Mapping[Fault | None, Callable[[Row], list[Row]]]] = {
    Fault.ROW_MISSING: lambda _: [],
    Fault.ROW_PHONE_AS_NUMBER: lambda row: [{**row, "phone": _as_number(row["phone"])}],
    Fault.ROW_WITHOUT_ID: lambda row: [{name: value for name, value in row.items() if name != "message_id"}],
    Fault.ROW_ID_AS_NUMBER: lambda row: [{**row, "message_id": int(row["message_id"].removeprefix("msg_"))}],
    Fault.ROW_SUCCESS_AS_TEXT: lambda row: [{**row, "success": "1"}],
    Fault.ROW_TWICE: lambda row: [row, row],
    Fault.ROW_CONTRADICTED: lambda row: [row, {"phone": row["phone"], "success": False, "error": "Sending failed"}],
    Fault.ROW_EXTRA: lambda row: [row, {**row, "phone": STRANGER}],
}
"""Over the row of an accepted number."""

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
"""Over the document of a request that was not refused as a whole."""

BYTES: Final[Mapping[Fault | None, Callable[[bytes], bytes]]] = {
    Fault.BOM: lambda body: b"\xef\xbb\xbf" + body,
    Fault.PHP_WARNING: lambda body: _WARNING + body,
    Fault.HTML_FATAL: lambda _: _FATAL,
    Fault.EMPTY_BODY: lambda _: b"",
    Fault.JSON_CUT: lambda body: body[: len(body) // 2],
    Fault.GZIP_BOMB: _gzip,
}
"""Over the encoded body."""
