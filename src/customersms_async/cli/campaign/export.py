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
from .looking_options import ExportedMore, ExportFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...campaign.rows import Entry, PlacedText
    from .ledger_place import LedgerPlace
    from .looking_options import ExportOptions

_TEXT_FIELDS: Final = (ExportedMore.TEXT, ExportedMore.SEGMENTS)
"""What is written on demand, in this order."""

FIELDS: Final = ("phone", "status", "code", "error", "message_id", "attempts", "updated_at", "line")


def export_ledger(options: ExportOptions) -> None:
    """Do what ``customersms campaign export`` does."""
    with ending_well(options.log_level):
        try:
            states = options.status or list(State)
            asked = [each for each in _TEXT_FIELDS if each in (options.more or ())]
            asyncio.run(export_entries(options.ledger, options.format, states, asked, raw=options.raw))
        except OSError as error:
            fail(f"standard output can't be written: {error.strerror}; mend that, and export again", 1)


async def export_entries(
    ledger: LedgerPlace,
    kind: ExportFormat,
    states: Iterable[State],
    asked: Sequence[ExportedMore] = (),
    *,
    raw: bool = False,
) -> None:
    """Write everyone in ``states``, as they stand when they are read. Raises ``OSError`` if it can't be kept.

    ``asked``: what else of each. A terminal gets no control characters, whatever is in the ledger.
    """
    out = SafeOutput(sys.stdout, record=True)
    shown = visible if out.isatty() else str
    async with Campaign.open(ledger.given, create=False) as campaign:
        keep, name = await campaign.ledger.kept_names(), campaign.ledger.name
        fields = (*FIELDS, *(each.value for each in asked))
        if kind is ExportFormat.CSV:
            out.write(shown(as_csv([[*fields, *kept_names(keep, fields)]], raw=raw)))
        async for page in campaign.pages(states):
            texts = await _texts(campaign, page) if asked else {}
            values = [(*_row(entry), *_asked(texts.get(entry.index), asked)) for entry in page]
            if kind is ExportFormat.CSV:
                rows = [
                    (*row, *(_kept(entry, name).get(column, "") for column in keep))
                    for entry, row in zip(page, values, strict=True)
                ]
                out.write(shown(as_csv(rows, raw=raw)))
            else:
                objects = [dict(zip(fields, row, strict=True)) for row in values]
                for entry, one in zip(page, objects, strict=True):
                    one.update({"kept": _kept(entry, name)} if keep else {})
                out.write("".join(as_json(one) + "\n" for one in objects))


async def _texts(campaign: Campaign, page: Sequence[Entry]) -> dict[int, PlacedText]:
    return {one.place: one for one in await campaign.ledger.texts([entry.index for entry in page])}


def _asked(text: PlacedText | None, asked: Sequence[ExportedMore]) -> list[Any]:
    found = {} if text is None else {ExportedMore.TEXT: text.text, ExportedMore.SEGMENTS: text.segments}
    return [found.get(each) for each in asked]


def _kept(entry: Entry, ledger: str) -> dict[str, str]:
    return {} if entry.kept is None else kept_texts(entry.kept, ledger)


def _row(entry: Entry) -> tuple[Any, ...]:
    moment = datetime.fromtimestamp(entry.updated_us / 1e6, UTC).isoformat(timespec="milliseconds")
    return entry.phone, entry.state, entry.code, entry.error, entry.message_id, entry.attempts, moment, entry.line
