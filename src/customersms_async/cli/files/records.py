r"""Lines of a table -> its records, by RFC 4180, so strictly that no quote can swallow a row.

A field is in quotes as a whole (quotes inside it are doubled) or has no quote in it; ``="…"``, by which exports keep a
spreadsheet from changing a number, is the text in it. The csv module takes a lone quote at the start of a field as the
start of a text that runs to the next quote, however many rows later, and ``strict=True`` sees nothing wrong. A line
break inside quotes is what contact managers write, so it is read; but a field with a line in it that could itself be a
row of the file is refused (``swallowed_rows``).

A quoted field costs a look at each of its characters, a line without quotes one ``str.split``.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final

from .rows import FileProblem
from .source import LONGEST
from .swallowed_rows import closing_quote, line_of, swallowed_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .swallowed_rows import RowShape

_PROTECTED: Final = re.compile(r'="([^"]*)"')


def records(
    lines: Iterator[str], delimiter: str, shape: RowShape | None = None, *, skip: int = 0
) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line where it begins; the first ``skip`` lines, and blank ones, are left out.

    ``shape`` is that of a row, once it is known. Raises ``FileProblem`` at the first quote that is in doubt.
    """
    numbered = enumerate(lines, 1)
    for _ in itertools.islice(numbered, skip):
        pass
    for number, line in numbered:
        if line.isspace():
            continue
        if '"' in line:
            yield number, _quoted_record(number, line, numbered, delimiter, shape)
        else:
            yield number, line.rstrip("\r\n").split(delimiter)


def _quoted_record(
    number: int, line: str, numbered: Iterator[tuple[int, str]], delimiter: str, shape: RowShape | None
) -> list[str]:
    """The record that begins with ``line``, in as many lines as its quotes say."""
    text = line.rstrip("\r\n")
    cells, opened = _split(text, number, delimiter)
    if not opened:
        return cells
    parts, quotes, size = [line], line.count('"'), len(line)
    while quotes % 2:  # inside quotes, as all that came before is well formed
        following = next(numbered, None) if size <= LONGEST else None
        if following is None:
            break
        parts.append(following[1])
        quotes += following[1].count('"')
        size += len(following[1])
    text = "".join(parts).rstrip("\r\n")
    cells, unclosed = _split(text, number, delimiter)
    row = swallowed_row(text, delimiter, shape)
    if row is not None:
        opening, within = number + row.opening, number + row.line
        raise FileProblem(
            f"a quote is opened here, and line {within} in the same cell could be a row of its own: if the quote is a"
            " stray one, take it out; if it is not, take the line break out of the cell, or save as .xlsx",
            line=opening,
        )
    if unclosed:
        raise FileProblem("a quote is opened here and never closed; take it out, or close it", line=unclosed)
    return cells


def _split(text: str, number: int, delimiter: str) -> tuple[list[str], int]:
    """A record's fields, and 0; or the line on which a field begins that is not closed. ``number``: its first line."""
    cells: list[str] = []
    at = 0
    while True:
        protected = text.startswith('="', at)
        if protected or text.startswith('"', at):
            opening = at + protected
            close = closing_quote(text, opening)
            if close < 0:
                return cells, number + line_of(text, at)
            cell = text[opening + 1 : close].replace('""', '"')
            within = _PROTECTED.fullmatch(cell)
            cells.append(within[1] if within else cell)
            end = close + 1
            if end < len(text) and text[end] != delimiter:
                raise FileProblem(
                    f"column {len(cells)} has more text after its closing quote; double the quotes inside a text",
                    line=number + line_of(text, at),
                )
        else:
            end = text.find(delimiter, at)
            end = end if end >= 0 else len(text)
            cells.append(text[at:end])
            if '"' in cells[-1]:
                raise FileProblem(
                    f"column {len(cells)} has a quote in it and does not begin with one; put the whole text in quotes"
                    " and double those inside it",
                    line=number + line_of(text, at),
                )
        if end >= len(text):
            return cells, 0
        at = end + 1
