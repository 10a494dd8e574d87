"""A ledger's recipients to standard output, page by page."""

from __future__ import annotations

import csv
import enum
import io
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ...campaign import Campaign
from ..output import Outlet
from ..send.results import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ...campaign.queries import Entry
    from ...campaign.states import State

FIELDS: Final = ("phone", "status", "code", "error", "message_id", "attempts", "updated_at")


class FORMATS(enum.StrEnum):
    """What ``--format`` takes."""

    CSV = "csv"
    JSONL = "jsonl"


async def export_entries(ledger: Path, kind: FORMATS, states: Iterable[State]) -> None:
    """Write everyone in ``states``, as they stand when they are read. Raises ``OSError`` if it can't be kept."""
    out = Outlet(sys.stdout, record=True)
    if kind is FORMATS.CSV:
        out.write(_csv([FIELDS]))
    async with Campaign.open(ledger, create=False) as campaign:
        async for page in campaign.pages(states):
            rows = [_row(entry) for entry in page]
            if kind is FORMATS.CSV:
                out.write(_csv(rows))
            else:
                out.write("".join(as_json(dict(zip(FIELDS, row, strict=True))) + "\n" for row in rows))


def _row(entry: Entry) -> tuple[Any, ...]:
    moment = datetime.fromtimestamp(entry.updated_us / 1e6, UTC).isoformat(timespec="milliseconds")
    return entry.phone, entry.state, entry.code, entry.error, entry.message_id, entry.attempts, moment


def _csv(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
