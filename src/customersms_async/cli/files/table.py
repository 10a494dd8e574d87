r"""CSV and TSV by RFC 4180, so strictly that no quote can swallow a row.

A field is in quotes as a whole (quotes inside it are doubled) or has no quote in it. The csv module takes a lone
quote at the start of a field as the start of a text that runs to the next quote, however many rows later, and
``strict=True`` sees nothing wrong. So a quoted field ends on its own line, with one exception that can't hide a row:
in a file whose rows all end in ``\r\n`` a field may hold a bare ``\n``, which is how Excel and Google Sheets write a
line break inside a cell. A quote that swallowed a row would have a ``\r\n`` in it.

A quoted field above costs a look at each of its characters, a line without quotes one ``str.split``.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, NamedTuple

from ..._core.plural import counted
from .rows import FileProblem, FileRow, Rows, find_phone, header_names
from .source import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .source import Source

_DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SAMPLE: Final = 100  # rows: the rest is held to the same number of columns anyway


def open_table(source: Source, phone_column: str | None, delimiter: str | None) -> Rows:
    """The rows under a header; every one has the header's number of columns, and one of only white space is skipped."""
    separator = delimiter or _find_delimiter(source)
    first = next(_records(source.lines(), separator), None)
    if first is None:
        raise FileProblem("it is empty, without even a header")
    line, header = first
    names = header_names(header, line=line)
    phone = find_phone(names, phone_column, line=line)
    columns = tuple(name for name in names if name)

    def read() -> Iterator[FileRow]:
        for number, cells in _even_records(source, separator, line):
            fields = dict(zip(names, cells, strict=True))
            fields.pop("", None)
            yield FileRow(number, cells[phone], fields)

    kind = f"a table separated by {_DELIMITERS.get(separator, repr(separator))}" if len(names) > 1 else "one column"
    return Rows(columns, names[phone], kind, read, source.close)


def _even_records(source: Source, delimiter: str, header_line: int) -> Iterator[tuple[int, list[str]]]:
    """The records below the header that have any text; ``FileProblem`` at the first that has not as many columns."""
    width = 0
    for number, cells in _records(source.lines(), delimiter):
        if len(cells) != width:
            if width:
                raise FileProblem(_uneven(len(cells), width, delimiter), line=number)
            width = len(cells)
        if number != header_line and any(map(str.strip, cells)):
            yield number, cells


def _uneven(here: int, width: int, delimiter: str) -> str:
    more = f" (a text with {delimiter!r} in it must stand in quotes)" if here > width else ""
    return f"it has {counted(here, 'column')}, and the header has {width}{more}"


class _Trial(NamedTuple):
    """How a file's first rows look with one delimiter: the header's columns, and the first thing that is wrong."""

    delimiter: str
    width: int
    problem: FileProblem | None


def _find_delimiter(source: Source) -> str:
    """The delimiter that gives a constant number of columns above one; any, if the first rows hold none at all."""
    trials = [_tried(source, delimiter) for delimiter in _DELIMITERS]
    splitting = [trial for trial in trials if trial.width > 1]
    fitting = [trial for trial in splitting if trial.problem is None] or splitting
    if len(fitting) > 1:
        names = " and ".join(_DELIMITERS[trial.delimiter] for trial in fitting)
        raise FileProblem(f"{names} may all separate its columns; say which with --delimiter")
    problems = [trial.problem for trial in fitting or trials if trial.problem]
    if problems:
        raise min(problems, key=lambda problem: problem.line or 0)
    return fitting[0].delimiter if fitting else ","


def _tried(source: Source, delimiter: str) -> _Trial:
    width = 0
    try:
        first = next(_records(source.lines(), delimiter), None)
        if first is not None:
            width = len(first[1])
            for _ in itertools.islice(_even_records(source, delimiter, first[0]), _SAMPLE):
                pass
    except FileProblem as problem:
        return _Trial(delimiter, width, problem)
    return _Trial(delimiter, width, None)


def _records(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line where it begins; blank lines are left out."""
    numbered = enumerate(lines, 1)
    loose = 0  # the first row that ends in another way than \r\n
    broken = 0  # the first quoted field with a line break in it
    for number, line in numbered:
        if '"' not in line:
            cells = line.rstrip("\r\n").split(delimiter)
        else:
            cells, line, opened = _quoted_record(number, line, numbered, delimiter, loose)
            broken = broken or opened
        if not loose and line[-1:] in ("\n", "\r") and line[-2:] != "\r\n":
            loose = number
        if broken and loose:
            raise FileProblem(_NOT_CLOSED, line=broken)
        if not line.isspace():
            yield number, cells


_NOT_CLOSED: Final = (
    "a quote is opened and not closed on that line (a line break inside a text is only read where all rows end in"
    " CR LF, as Excel writes them; else it can't be told from a stray quote: take it out, or save as .xlsx)"
)


def _quoted_record(
    number: int, line: str, numbered: Iterator[tuple[int, str]], delimiter: str, loose: int
) -> tuple[list[str], str, int]:
    r"""The record that begins with ``line``, its last line, and the line of a field that goes on after ``\n``, or 0."""
    cells, opened = _split(line.rstrip("\r\n"), number, delimiter)
    if not opened:
        return cells, line, 0
    parts, quotes, size = [line], line.count('"'), len(line)
    while quotes % 2:  # inside quotes, as all that came before is well formed
        following = None if loose else next(numbered, None)
        if line[-2:] == "\r\n" or line[-1:] != "\n" or following is None or size > LONGEST:
            _, last_opened = _split("".join(parts), number, delimiter)
            raise FileProblem(_NOT_CLOSED, line=last_opened)
        line = following[1]
        parts.append(line)
        quotes += line.count('"')
        size += len(line)
    cells, _ = _split("".join(parts).rstrip("\r\n"), number, delimiter)
    return cells, line, opened


def _split(text: str, number: int, delimiter: str) -> tuple[list[str], int]:
    """A record's fields, and 0; or the line on which a field begins that is not closed. ``number``: its first line."""
    cells: list[str] = []
    at = 0
    while True:
        if text.startswith('"', at):
            close = _closing(text, at)
            if close < 0:
                return cells, number + text.count("\n", 0, at)
            cells.append(text[at + 1 : close].replace('""', '"'))
            end = close + 1
            if end < len(text) and text[end] != delimiter:
                raise FileProblem(
                    f"column {len(cells)} has more text after its closing quote; double the quotes inside a text",
                    line=number + text.count("\n", 0, at),
                )
        else:
            end = text.find(delimiter, at)
            end = end if end >= 0 else len(text)
            cells.append(text[at:end])
            if '"' in cells[-1]:
                raise FileProblem(
                    f"column {len(cells)} has a quote in it and does not begin with one; put the whole text in quotes"
                    " and double those inside it",
                    line=number + text.count("\n", 0, at),
                )
        if end >= len(text):
            return cells, 0
        at = end + 1


def _closing(text: str, opening: int) -> int:
    """The place of the closing quote of the field that begins at ``opening``, or -1."""
    at = text.find('"', opening + 1)
    while at >= 0 and text.startswith('""', at):
        at = text.find('"', at + 2)
    return at
