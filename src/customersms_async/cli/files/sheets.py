"""XLSX through python-calamine (extra ``xlsx``): the first sheet, which is held in memory."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from ..._core.plural import counted
from .headers import find_header
from .number_formats import general
from .rows import FileProblem, FileRow, Rows, fields_getter, first_filled, header_names, in_column, listed
from .sheet_cells import DAMAGED, SheetCells, sheet_cells

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from python_calamine import CalamineSheet

    from .phone_column import PhoneColumns

EXTENSIONS: Final = (".xlsx",)

_Cell: TypeAlias = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta


def open_sheet(path: Path, columns: PhoneColumns) -> Rows:
    """The rows of the first sheet, under its header, which may have titles ahead of it.

    Numbers are given as the sheet shows them, phone numbers too; where that is not known, ``Rows.remarks`` says so. An
    error is the text of it, and a formula that nobody reckoned its own text. Rows without anything are skipped; those
    that the spreadsheet hides are read.
    """
    sheet, special = _first_sheet(path)
    header = find_header(_records(sheet, special), columns)
    if header is None:
        raise FileProblem("its first sheet is empty")
    names, twice = header_names(header.cells, columns, line=header.line)
    places = columns.find(names, line=header.line)

    def read(wanted: Collection[str] = names) -> Iterator[FileRow]:
        one, phone, above = len(places) == 1, places[0], header.line
        fields_of = fields_getter(names, wanted)
        for number, texts in _records(sheet, special):
            if number > above:
                yield FileRow(number, texts[phone] if one else first_filled(texts, places), fields_of(texts))

    phones = tuple(names[place] for place in places)
    kind = f"the sheet {sheet.name!r}{header.note}{in_column(phones, columns)}"
    remarks = {names[at]: _DATES for at in special.dates} | {names[at]: _UNKNOWN for at in special.unknown}
    hidden = bool(special.hidden) and sum(
        number > header.line and number in special.hidden for number, _ in _records(sheet, special)
    )
    notes = _notes(hidden, special.others)
    return Rows(tuple(filter(None, names)), phones, kind, read, lambda: None, remarks, notes, twice, read)


def _notes(hidden: int, others: tuple[str, ...]) -> tuple[str, ...]:
    """What a person does not see in the sheet, and what of the workbook is not read."""
    found = []
    if hidden:
        found.append(f"{counted(hidden, 'row that the sheet hides is', 'rows that the sheet hides are')} among them")
    if others:
        found.append(f"only the first sheet is read, and not {listed(others)}")
    return tuple(found)


_DATES: Final = "has dates, which are written as 2026-10-31 whatever the sheet shows"
_UNKNOWN: Final = "has numbers in a format that is not understood: they are written without it, so look at the texts"


def _first_sheet(path: Path) -> tuple[CalamineSheet, SheetCells]:
    try:
        import python_calamine as calamine
    except ImportError:
        raise FileProblem('an .xlsx file needs python-calamine: pip install "customersms-async[xlsx]"') from None
    try:
        with path.open("rb") as file, calamine.CalamineWorkbook.from_filelike(file) as book:
            first = next(iter(book.sheets_metadata), None)
            if first is None:
                raise FileProblem("it has no sheet")
            if first.typ is not calamine.SheetTypeEnum.WorkSheet or first.visible != calamine.SheetVisibleEnum.Visible:
                raise FileProblem(f"its first sheet, {first.name!r}, is hidden or has no cells; put the people's first")
            special = sheet_cells(path)
            return book.get_sheet_by_index(0), special
    except calamine.PasswordError:
        raise FileProblem("it is locked with a password") from None
    except (calamine.CalamineError, OSError, ValueError, LookupError, StopIteration, *DAMAGED) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error) or "it is damaged"
        raise FileProblem(f"it can't be read as an .xlsx file: {reason}") from None


def _records(sheet: CalamineSheet, special: SheetCells) -> Iterator[tuple[int, list[str]]]:
    """Each row's texts with its number in the spreadsheet; those of nothing but white space are left out."""
    rows = {row for row, _ in special.texts}
    for number, cells in enumerate(sheet.iter_rows(), 1):
        texts = [cell if type(cell) is str else _text(cell) for cell in cells]
        if number in rows:
            texts = [special.texts.get((number, at), text) for at, text in enumerate(texts)]
        if any(map(str.strip, texts)):
            yield number, texts


def _text(cell: _Cell) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        return general(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ")
    return str(cell) if isinstance(cell, datetime.timedelta) else cell.isoformat()
