"""``customersms campaign export``: a ledger's recipients to standard output, page by page."""

from __future__ import annotations

import asyncio
import csv
import io
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ...campaign import Campaign
from ...campaign.states import State
from ..exits import ending_well, fail
from ..output import SafeOutput, as_json
from .options import ExportFormat

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ...campaign.queries import Entry
    from .options import ExportOptions

FIELDS: Final = ("phone", "status", "code", "error", "message_id", "attempts", "updated_at")


def export_ledger(options: ExportOptions) -> None:
    """Do what ``customersms campaign export`` does."""
    with ending_well(options.log_level):
        try:
            asyncio.run(export_entries(options.ledger, options.format, options.status or list(State)))
        except OSError as error:
            fail(f"standard output can't be written: {error.strerror}", 1)


async def export_entries(ledger: Path, kind: ExportFormat, states: Iterable[State]) -> None:
    """Write everyone in ``states``, as they stand when they are read. Raises ``OSError`` if it can't be kept."""
    out = SafeOutput(sys.stdout, record=True)
    if kind is ExportFormat.CSV:
        out.write(_csv([FIELDS]))
    async with Campaign.open(ledger, create=False) as campaign:
        async for page in campaign.pages(states):
            rows = [_row(entry) for entry in page]
            if kind is ExportFormat.CSV:
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
