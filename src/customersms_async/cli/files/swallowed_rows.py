"""The search for rows that a stray quote has swallowed: a quoted field with line breaks may hold lines that are rows.

Nobody can know whether such a line belongs to a text or is a person of its own who would get nothing while another got
a wrong text. So in doubt it is one. What is looked at costs nothing where no quoted field has a line break.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")
_BREAK: Final = re.compile(r"\r\n|\n|\r")


class RowShape(NamedTuple):
    """How many columns a row has, and the places of those with phone numbers."""

    width: int
    phones: tuple[int, ...]


class SwallowedRow(NamedTuple):
    """The lines, from the record's own as 0, where the field's quote is opened and where a row may begin."""

    opening: int
    line: int


class _Field(NamedTuple):
    """A field in quotes: its column, and where its text begins and ends."""

    column: int
    start: int
    end: int


def swallowed_row(text: str, delimiter: str, shape: RowShape | None) -> SwallowedRow | None:
    """The first line in a record's quoted fields that could itself be a row, if there is one.

    ``text`` is the record, well formed, though its last quote may not be closed. Without a ``shape``, as for a header,
    a row is what has as many columns as the record's first line, and a phone number.
    """
    lines = [(at.start(), at.end()) for at in _LINE.finditer(text) if at.end() > at.start()]
    for field in _quoted_fields(text, delimiter):
        if _BREAK.search(text, field.start, field.end) is None:
            continue
        opening = line_of(text, field.start)
        ahead = _BREAK.split(text, maxsplit=1)[0] if shape is not None else text.partition("\n")[0]
        width = ahead.count(delimiter) + 1  # once for all lines: the text may be long
        for number, (start, end) in enumerate(lines):
            if (
                field.start < end
                and start < field.end
                and _may_be_row(text, field, (start, end), delimiter, shape, width)
            ):
                return SwallowedRow(opening, max(number, opening + 1))
    return None


def _may_be_row(
    text: str, field: _Field, line: tuple[int, int], delimiter: str, shape: RowShape | None, width: int
) -> bool:
    """Whether a line that lies in a field, wholly or in part, could be a row; ``width``: columns of the first."""
    start, end = line
    whole = text[start:end].rstrip("\r\n").split(delimiter)
    inside = text[max(start, field.start) : min(end, field.end)].rstrip("\r\n").split(delimiter)
    if shape is None:
        return start > field.start and len(inside) == width and any(map(looks_like_phone, inside))
    whole, inside = _without_surplus(whole, shape), _without_surplus(inside, shape)
    if start > field.start and len(inside) == shape.width and _is_complete(inside, shape):
        return True
    if len(whole) != shape.width or shape.width == 1:
        return False
    if field.column in shape.phones and width != shape.width:
        return False  # a phone's cell with two numbers: it is refused for that, and its row alone
    # A quote at the end of another row's field closes it: then the row's phone number, and no more, may lie inside.
    return any(
        field.start <= start + len(delimiter.join(whole[:place])) < field.end and looks_like_phone(whole[place])
        for place in shape.phones
    )


def _without_surplus(cells: list[str], shape: RowShape) -> list[str]:
    """A row's cells without the one empty cell that it may have too many."""
    return cells[:-1] if len(cells) == shape.width + 1 and not cells[-1].strip() else cells


def _is_complete(cells: list[str], shape: RowShape) -> bool:
    """Whether these cells look like a row: with a number, or with none, or close together as no sentence is written."""
    numbers = [cells[place] for place in shape.phones]
    return (
        any(map(looks_like_phone, numbers))
        or (0 in shape.phones and not cells[0] and shape.width > 1)
        or all(cell and cell == cell.strip() for cell in cells)
    )


def looks_like_phone(cell: str) -> bool:
    """Whether a cell is mostly digits, or begins as a phone number does."""
    bare = cell.strip(" \"'=")
    digits = sum(map(str.isdigit, bare))
    return (bare.startswith("+") and digits > 0) or (digits >= 7 and 2 * digits >= len(bare))


def closing_quote(text: str, opening: int) -> int:
    """The place of the closing quote of the field that begins at ``opening``, or -1."""
    at = text.find('"', opening + 1)
    while at >= 0 and text.startswith('""', at):
        at = text.find('"', at + 2)
    return at


def line_of(text: str, at: int) -> int:
    """How many line breaks come before ``at``."""
    return len(_BREAK.findall(text, 0, at))


def _quoted_fields(text: str, delimiter: str) -> Iterator[_Field]:
    at = column = 0
    while at <= len(text):
        opening = at + text.startswith('="', at)
        if text.startswith('"', opening):
            close = closing_quote(text, opening)
            close = len(text) if close < 0 else close
            yield _Field(column, opening + 1, close)
            at = close + 2
        else:
            end = text.find(delimiter, at)
            at = (end if end >= 0 else len(text)) + 1
        column += 1
