"""``customersms campaign export``: a ledger's recipients to standard output, page by page."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ...campaign import Campaign
from ...campaign.rows import kept_texts
from ...campaign.states import State
from ..exits import ending_well, fail
from ..kept_columns import kept_names
from ..output import SafeOutput, as_json, visible
from ..spreadsheets import as_csv
from .options import ExportFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...campaign.rows import Entry
    from .options import ExportOptions
    from .place import LedgerPlace

FIELDS: Final = ("phone", "status", "code", "error", "message_id", "attempts", "updated_at", "line")


def export_ledger(options: ExportOptions) -> None:
    """Do what ``customersms campaign export`` does."""
    with ending_well(options.log_level):
        try:
            states = options.status or list(State)
            asyncio.run(export_entries(options.ledger, options.format, states, raw=options.raw))
        except OSError as error:
            fail(f"standard output can't be written: {error.strerror}; mend that, and export again", 1)


async def export_entries(
    ledger: LedgerPlace, kind: ExportFormat, states: Iterable[State], *, raw: bool = False
) -> None:
    """Write everyone in ``states``, as they stand when they are read. Raises ``OSError`` if it can't be kept.

    A terminal gets no control characters, whatever is in the ledger.
    """
    out = SafeOutput(sys.stdout, record=True)
    shown = visible if out.isatty() else str
    async with Campaign.open(ledger.given, create=False) as campaign:
        keep, name = await campaign.ledger.kept_names(), campaign.ledger.name
        if kind is ExportFormat.CSV:
            out.write(shown(as_csv([[*FIELDS, *kept_names(keep, FIELDS)]], raw=raw)))
        async for page in campaign.pages(states):
            if kind is ExportFormat.CSV:
                rows = [(*_row(entry), *(_kept(entry, name).get(column, "") for column in keep)) for entry in page]
                out.write(shown(as_csv(rows, raw=raw)))
            else:
                out.write("".join(as_json(_object(entry, keep, name)) + "\n" for entry in page))


def _object(entry: Entry, keep: Sequence[str], ledger: str) -> dict[str, Any]:
    found = dict(zip(FIELDS, _row(entry), strict=True))
    return {**found, "kept": _kept(entry, ledger)} if keep else found


def _kept(entry: Entry, ledger: str) -> dict[str, str]:
    return {} if entry.kept is None else kept_texts(entry.kept, ledger)


def _row(entry: Entry) -> tuple[Any, ...]:
    moment = datetime.fromtimestamp(entry.updated_us / 1e6, UTC).isoformat(timespec="milliseconds")
    return entry.phone, entry.state, entry.code, entry.error, entry.message_id, entry.attempts, moment, entry.line
