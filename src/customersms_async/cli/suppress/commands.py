"""What ``customersms suppress add``, ``remove`` and ``list`` do."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from ..._core import phone as phones
from ..._core.plural import counted
from ...errors import InvalidRecipientError
from ...suppression import EntryKind
from ..exits import ending_well
from ..formats import plain
from ..national_numbers import with_region
from ..output import SafeOutput, safe_console, say_json
from ..problems import InputProblem
from .list_place import list_to_change, list_to_read

if TYPE_CHECKING:
    from ...suppression import SuppressionEntry
    from .list_place import ListPlace
    from .options import ChangeOptions, SuppressedOptions

_AT_ONCE: Final = 1_000
"""Lines that are written at once."""


def add_numbers(options: ChangeOptions) -> None:
    """Do what ``customersms suppress add`` does."""
    with ending_well(options.log_level):
        numbers, place = _numbers(options.numbers, options.region), list_to_change(options.list_file)
        added = asyncio.run(_change(place, numbers, EntryKind.ADDED, options.said.why, options.said.by))
        before = len(set(numbers)) - added
        if options.json:
            say_json({"added": added, "already": before, "list": place.shown})
        else:
            already = f", {before:,} there already" if before else ""
            safe_console(json=False).print(f"added to the list: {added:,}{already}", highlight=False)


def remove_numbers(options: ChangeOptions) -> None:
    """Do what ``customersms suppress remove`` does."""
    with ending_well(options.log_level):
        numbers, place = _numbers(options.numbers, options.region), list_to_read(options.list_file)
        removed = 0
        if place is not None:
            removed = asyncio.run(_change(place, numbers, EntryKind.REMOVED, options.said.why, options.said.by))
        absent = len(set(numbers)) - removed
        if options.json:
            say_json({"removed": removed, "absent": absent, "list": _shown(place)})
        else:
            beside = f", not on it: {absent:,}" if absent else ""
            safe_console(json=False).print(f"taken off the list: {removed:,}{beside}", highlight=False)


def show_list(options: SuppressedOptions) -> None:
    """Do what ``customersms suppress list`` does."""
    with ending_well(options.log_level):
        number = None if options.number is None else _numbers([options.number], options.region)[0]
        place = list_to_read(options.list_file)
        entries = [] if place is None else asyncio.run(_entries(place, number))
        last = {entry.phone: entry for entry in entries}
        suppressed = [entry for entry in last.values() if entry.kind is EntryKind.ADDED]
        shown = suppressed if number is None else entries
        if options.json:
            for entry in shown:
                say_json(entry)
            say_json({"suppressed": len(suppressed), "list": _shown(place)})
            return
        console = safe_console(json=False)
        lines = SafeOutput(sys.stdout, record=True)  # a line for each of many is too slow through a console
        for at in range(0, len(shown), _AT_ONCE):
            lines.write("".join(f"{_line(entry)}\n" for entry in shown[at : at + _AT_ONCE]))
        if number is None:
            console.print(f"{counted(len(suppressed), 'number')} on the list", style="dim", highlight=False)
        else:
            console.print(f"{number} is {'' if suppressed else 'not '}on the list", style="dim", highlight=False)


def _numbers(texts: list[str], region: str | None) -> list[str]:
    """The numbers that were typed. Raises ``InputProblem`` for what is none, before anything changes."""
    try:
        return [phones.parse(text, region=region) for text in texts]
    except InvalidRecipientError as error:
        raise InputProblem(with_region(str(error), error)) from None


async def _change(place: ListPlace, numbers: list[str], kind: EntryKind, why: str, by: str) -> int:
    async with place.open() as store:
        change = store.add if kind is EntryKind.ADDED else store.remove
        return await change(numbers, why=why, by=by)


async def _entries(place: ListPlace, number: str | None) -> list[SuppressionEntry]:
    async with place.open() as store:
        return await store.entries(number)


def _shown(place: ListPlace | None) -> str | None:
    return None if place is None else place.shown


def _line(entry: SuppressionEntry) -> str:
    """An entry as one line: a space ends the number, and nothing in it does anything to a terminal."""
    when = entry.time.astimezone().isoformat(sep=" ", timespec="seconds")
    by = f" ({plain(entry.by)})" if entry.by else ""
    return f"{entry.phone:16} {when} {entry.kind} {plain(entry.why)}".rstrip() + by
