"""What an XLSX file says of its cells beyond their values: errors, formulas without a value, formats of numbers.

python-calamine gives an error and a formula that nobody reckoned as nothing, and a number without its format. So the
sheet's XML is looked through once more, for these cells alone, and only if it has any.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from html import unescape
from typing import TYPE_CHECKING, Final, NamedTuple
from xml.etree import ElementTree

from .number_formats import BUILT_IN, is_date, shown
from .rows import FileProblem

if TYPE_CHECKING:
    from pathlib import Path

DAMAGED: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, struct.error),
    RuntimeError,  # zipfile's own of a password, and of a packing that it does not know
    *(ElementTree.ParseError, UnicodeError),
)
"""Errors of a file that is not what it says."""

_PACKINGS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CELL: Final = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_ATTRIBUTE: Final = re.compile(rb'(\w+)="([^"]*)"')
_VALUE: Final = re.compile(rb"<(?:\w+:)?v[^>]*>([^<]+)<")
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f(?:[^>]*/>|[^>]*>([^<]*))")
_ROW: Final = re.compile(rb"<(?:\w+:)?row\s([^>]*)>")
_ANY_VALUE: Final = re.compile(rb"<(?:\w+:)?(?:v|is)[\s>]")
_FAR: Final = re.compile(rb'"[A-Z]{3}[0-9]|"[A-Z]+[0-9]{6}')
_WIDE_OR_LONG: Final = re.compile(
    rb'"(?:[T-Z]|[A-Z]{2,})[0-9]|"[A-Z]+(?:[0-9]{8}|[2-9][0-9]{6}|1[1-9][0-9]{5}|10[5-9][0-9]{4})'
)
"""A cell outside of 19 columns by 1,049,999 rows, which are not too many even if all between is empty."""

_AT_ONCE: Final = 1 << 20
"""Bytes of a sheet that are looked through together."""

_PLACE: Final = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]+)([0-9]+)"')
LARGEST_AREA: Final = 20_000_000
"""Cells, filled or not, that any sheet may have within its bounds."""

_BEGINNING: Final = 1 << 20
"""Bytes in which a sheet that has any value has its first."""

MOST_EMPTY: Final = 20
"""Cells within the bounds of a larger sheet, at most, for each that is there."""

_MARKS: Final = (b't="e"', b"<f", b":f", b"hidden=")
"""What a sheet with an error, a formula or a hidden row has in it."""

_REFERENCE: Final = re.compile(r"([A-Z]+)([0-9]+)")


class SheetCells(NamedTuple):
    """The texts of cells by row (from 1) and column (from 0), and the columns with values that are shown otherwise.

    ``dates`` are columns with dates, ``unknown`` those with a number format that is not understood, ``hidden`` the rows
    that the sheet does not show, and ``others`` the names of the other visible sheets with something in them.
    """

    texts: dict[tuple[int, int], str]
    dates: frozenset[int]
    unknown: frozenset[int]
    hidden: frozenset[int] = frozenset()
    others: tuple[str, ...] = ()


def sheet_cells(path: Path) -> SheetCells:
    """The cells of the first sheet that are not just what their value says. Raises as reading a damaged file does."""
    with zipfile.ZipFile(path) as archive:
        if any(part.compress_type not in _PACKINGS for part in archive.infolist()):
            raise zipfile.BadZipFile("it is packed in a way that no spreadsheet is")
        formats = _formats(archive)
        (_, part), *more = _sheets(archive)
        others = tuple(name for name, part in more if _has_values(archive, part))
        plain = all(code == "General" for code in formats)
        if plain and _is_plain(archive, part):
            return SheetCells({}, frozenset(), frozenset(), frozenset(), others)
        data = archive.read(part)
    _check_area(data)
    texts: dict[tuple[int, int], str] = {}
    dates: set[int] = set()
    unknown: set[int] = set()
    if plain and b't="e"' not in data and _FORMULA.search(data) is None:
        return SheetCells(texts, frozenset(), frozenset(), _hidden(data), others)
    for cell in _CELL.finditer(data):
        attributes = dict(_ATTRIBUTE.findall(cell[1]))
        kind, body = attributes.get(b"t", b"n"), cell[2] or b""
        value = _VALUE.search(body)
        style = int(attributes.get(b"s", b"0"))
        code = formats[style] if style < len(formats) else "General"
        formula = _FORMULA.search(body)
        if kind == b"e":
            text: str | None = unescape(value[1].decode()) if value else "#VALUE!"
        elif formula and value is None and kind != b"str":
            text = "=" + (unescape(formula[1].decode()) if formula[1] else "…")
        elif kind == b"n" and value is not None and code != "General":
            column = _place(attributes)[1]
            text = None if is_date(code) else shown(float(value[1]), code)
            if text is None:
                (dates if is_date(code) else unknown).add(column)
                continue
        else:
            continue
        assert text is not None  # noqa: S101 - each way to here has one
        texts[_place(attributes)] = text
    return SheetCells(texts, frozenset(dates), frozenset(unknown), _hidden(data), others)


def _is_plain(archive: zipfile.ZipFile, part: str) -> bool:
    """Whether a sheet has nothing in it that has to be looked for cell by cell; it is never in memory as a whole."""
    rest = b""
    with archive.open(part) as file:
        while piece := file.read(_AT_ONCE):
            data = rest + piece
            rest = data[max(data.rfind(b"<"), 0) :]  # nothing that is looked for is in two elements
            if len(rest) > _AT_ONCE or any(mark in data for mark in _MARKS) or _WIDE_OR_LONG.search(data) is not None:
                return False
    return True


def _hidden(data: bytes) -> frozenset[int]:
    """The rows that a filter or a person has hidden."""
    if b"hidden=" not in data:
        return frozenset()
    rows = [dict(_ATTRIBUTE.findall(row[1])) for row in _ROW.finditer(data)]
    return frozenset(int(row.get(b"r", b"0")) for row in rows if row.get(b"hidden") in (b"1", b"true"))


def _check_area(data: bytes) -> None:
    """Refuse a sheet with a cell far away: all that lies between would be held in memory, and no memory suffices."""
    if _WIDE_OR_LONG.search(data) is None or _FAR.search(data) is None:
        return
    columns: set[bytes] = set()
    last = count = start = 0
    while start < len(data):
        end = data.find(b"<", start + _AT_ONCE)
        end = len(data) if end < 0 else end
        cells = _PLACE.findall(data, start, end)
        columns.update([letters for letters, _ in cells])
        last = max(last, max([int(row) for _, row in cells], default=0))
        count += len(cells)
        start = end
    area = last * max(map(_number, columns), default=0)
    if area > LARGEST_AREA and area > MOST_EMPTY * count:
        raise FileProblem("one of its cells is far from all others; delete the rows and columns beyond the list")


def _number(letters: bytes) -> int:
    """The number of a column, from 1."""
    column = 0
    for letter in letters:
        column = column * 26 + letter - 64
    return column


def _place(attributes: dict[bytes, bytes]) -> tuple[int, int]:
    found = _REFERENCE.fullmatch(attributes.get(b"r", b"").decode())
    if found is None:
        raise FileProblem("some of its cells do not say where they are; open it in a spreadsheet and save it anew")
    return int(found[2]), _number(found[1].encode()) - 1


def _formats(archive: zipfile.ZipFile) -> list[str]:
    """The number format of each style."""
    if "xl/styles.xml" not in archive.namelist():
        return []
    root = ElementTree.fromstring(archive.read("xl/styles.xml"))  # noqa: S314 - as above
    own = {int(each.get("numFmtId", "0")): each.get("formatCode", "General") for each in root.iterfind(".//{*}numFmt")}
    styles = root.find("{*}cellXfs")
    numbers = [] if styles is None else [int(each.get("numFmtId", "0")) for each in styles]
    return [own.get(number) or BUILT_IN.get(number, "General") for number in numbers]


def _sheets(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """The name and the part of the first sheet, and of the others that can be seen."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - as above
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - as above
    targets = {each.get("Id"): each.get("Target", "") for each in relations}
    found: list[tuple[str, str]] = []
    for sheet in book.iterfind(".//{*}sheet"):
        if not found or sheet.get("state", "visible") == "visible":
            wanted = next(value for name, value in sheet.attrib.items() if name.endswith("}id"))
            target = targets[wanted]
            part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            found.append((sheet.get("name", ""), part))
    return found


def _has_values(archive: zipfile.ZipFile, part: str) -> bool:
    """Whether a sheet has anything at its beginning."""
    if part not in archive.namelist():
        return False
    with archive.open(part) as file:
        return _ANY_VALUE.search(file.read(_BEGINNING)) is not None
