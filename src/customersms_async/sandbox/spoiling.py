"""The script's reply, spoiled by a fault in the ways that PHP scripts and proxies do.

Pure. ``odd_answers`` has the tables of what each fault does to a row, a document, or its bytes.
"""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec

from .faults import Spoils
from .odd_answers import BYTES, DOCUMENTS, HEADERS, ROWS
from .replies import ScriptReply, ServerAnswer

if TYPE_CHECKING:
    from .faults import Fault
    from .replies import RowFields
    from .schedule import PlannedFault

ELSEWHERE: Final = "/api.php"
"""Where a redirect leads: the other path of the endpoint, where a client that follows it would be heard."""

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def spoil(reply: ScriptReply, planned: PlannedFault | None, now_us: int) -> ServerAnswer:
    """The answer that carries ``reply``, as ``planned`` leaves it."""
    date = {"Date": formatdate(now_us // 1_000_000, usegmt=True)}
    if planned is not None and planned.effect.spoils is Spoils.STATUS:
        return _page(planned, now_us, date)
    fault = planned.fault if planned is not None else None
    document: object = reply.document
    if fault in DOCUMENTS and "results" in reply.document:
        document = DOCUMENTS[fault](reply.document)
    headers = {"Content-Type": "application/json", **date, **reply.headers, **HEADERS.get(fault, {})}
    body = _ENCODER.encode(document)
    return ServerAnswer(reply.status, headers, BYTES[fault](body) if fault in BYTES else body, planned)


def spoil_row(row: RowFields, fault: Fault | None) -> list[RowFields]:
    """The rows that stand for ``row``: mostly one, or none, or two."""
    return ROWS[fault](row) if fault in ROWS else [row]


def _page(planned: PlannedFault, now_us: int, headers: dict[str, str]) -> ServerAnswer:
    """The page that a web server or a proxy gives in place of the script's answer."""
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
    return ServerAnswer(effect.status, headers, body.encode(), planned)
