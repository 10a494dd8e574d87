"""XLSX through python-calamine (extra ``xlsx``): the first sheet, which is held in memory."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from .rows import FileProblem, FileRow, Rows, find_phone, header_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from python_calamine import CalamineSheet

EXTENSIONS: Final = (".xlsx",)

_Cell: TypeAlias = int | float | str | bool | datetime.time | datetime.date | datetime.datetime | datetime.timedelta


def open_sheet(path: Path, phone_column: str | None) -> Rows:
    """The rows of the first sheet, under the first row that has something in it.

    The phone cell is passed on as it is, so that a number (whose + and leading zeros are lost) is refused. For
    templates a cell's value becomes text without its format: 12.50 is "12.5", a date "2026-10-31". Rows without
    anything are skipped; those that the spreadsheet hides are read.
    """
    sheet = _first_sheet(path)
    first = next(_records(sheet), None)
    if first is None:
        raise FileProblem("its first sheet is empty")
    line, cells = first
    names = header_names([_text(cell) for cell in cells], line=line)
    phone = find_phone(names, phone_column, line=line)

    def read() -> Iterator[FileRow]:
        for number, cells in _records(sheet):
            if number != line:
                fields = {name: _text(cell) for name, cell in zip(names, cells, strict=True) if name}
                yield FileRow(number, cells[phone], fields)

    columns = tuple(name for name in names if name)
    return Rows(columns, names[phone], f"the sheet {sheet.name!r}", read, lambda: None)


def _first_sheet(path: Path) -> CalamineSheet:
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
            return book.get_sheet_by_index(0)
    except calamine.PasswordError:
        raise FileProblem("it is locked with a password") from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise FileProblem(f"it can't be read as an .xlsx file: {reason}") from None


def _records(sheet: CalamineSheet) -> Iterator[tuple[int, list[_Cell]]]:
    """Each row with its number in the spreadsheet; those of nothing but white space are left out."""
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if any(not isinstance(cell, str) or cell.strip() for cell in cells):
            yield number, cells


def _text(cell: _Cell) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        return f"{cell:.15g}" if abs(cell) < 1e15 else f"{cell:.0f}"  # the 15 digits that a spreadsheet shows
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ")
    return str(cell) if isinstance(cell, datetime.timedelta) else cell.isoformat()
