"""CSV and TSV: a header, and rows of as many columns."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, NamedTuple

from ..._core.plural import counted
from .headers import Header, find_header, separator_named
from .records import records
from .rows import FileProblem, FileRow, Rows, fields_getter, first_filled, header_names, in_column, listed
from .swallowed_rows import RowShape, looks_like_phone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from .phone_column import PhoneColumns
    from .source import Source

_DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SAMPLE: Final = 100  # rows: the rest is held to the same number of columns anyway


def open_table(
    source: Source, columns: PhoneColumns, delimiter: str | None, *, has_delimiter_option: bool = True
) -> Rows:
    """The rows under a header; every one has the header's number of columns, and one of only white space is skipped.

    A first line that names the delimiter (``sep=;``) is no row, and nor are titles ahead of the header. Where it is not
    known, a person is told of ``--delimiter``, or else of such a line.
    """
    named = separator_named(next(source.lines(), ""))
    skip = 0 if named is None else 1
    separator = delimiter or named or _find_delimiter(source, columns, has_option=has_delimiter_option)
    header = find_header(records(source.lines(), separator, skip=skip), columns)
    if header is None:
        raise FileProblem("it is empty, without even a header")
    names, twice = header_names(header.cells, columns, line=header.line)
    try:
        places = columns.find(names, line=header.line)
    except FileProblem:
        _refuse_delimiter(names, header.line, has_option=has_delimiter_option)
        raise
    shape = RowShape(len(names), places)

    def read(wanted: Collection[str] = names) -> Iterator[FileRow]:
        one, phone = len(places) == 1, places[0]
        width, above = shape.width, header.line
        fields_of = fields_getter(names, wanted)
        for number, cells in records(source.lines(), separator, shape, skip=skip):  # as ``_even_records``, at less cost
            if number <= above:
                continue
            if len(cells) != width:
                cells = _evened(cells, width, separator, number)
            if cells[phone].strip() or any(map(str.strip, cells)):
                yield FileRow(number, cells[phone] if one else first_filled(cells, places), fields_of(cells))

    kind = f"a table separated by {_DELIMITERS.get(separator, repr(separator))}" if len(names) > 1 else "one column"
    kind += ", as its first line says" if named is not None else ""
    phones = tuple(names[place] for place in places)
    kind += header.note + in_column(phones, columns)
    return Rows(tuple(filter(None, names)), phones, kind, read, source.close, twice=twice, read_some=read)


def _refuse_delimiter(names: Sequence[str], line: int, *, has_option: bool) -> None:
    """Raise ``FileProblem`` if the header was taken for one name, which has another delimiter in it."""
    found = [delimiter for delimiter in _DELIMITERS if delimiter in names[0]] if len(names) == 1 else []
    if found:
        is_tab, characters = found[0] == "\t", _DELIMITERS[found[0]]
        if has_option:
            todo = f"so give --delimiter {'tab' if is_tab else repr(found[0])}"
        else:
            todo = "so save it as .tsv" if is_tab else f"so save it as .csv, with sep={found[0]} as its first line"
        raise FileProblem(
            f"its header is read as one column, {listed(names)}: {characters} seem to separate more, {todo}", line=line
        )


def _even_records(source: Source, delimiter: str, header_line: int, shape: RowShape) -> Iterator[tuple[int, list[str]]]:
    """The records below the header that have any text; ``FileProblem`` at the first that has not as many columns."""
    width = shape.width
    for number, cells in records(source.lines(), delimiter, shape):
        if number > header_line:
            even = cells if len(cells) == width else _evened(cells, width, delimiter, number)
            if any(map(str.strip, even)):
                yield number, even


def _evened(cells: list[str], width: int, delimiter: str, line: int) -> list[str]:
    """A row without the one empty cell that it has too many; ``FileProblem`` if it has any other number of columns."""
    here = len(cells)
    if here == width + 1 and not cells[-1].strip():
        return cells[:-1]
    more = f" (a text with {delimiter!r} in it must stand in quotes)" if here > width else ""
    if here < width and not any(map(looks_like_phone, cells)):
        more = " (a report's last lines, which are no rows, must be deleted)"
    raise FileProblem(f"it has {counted(here, 'column')}, and the header has {width}{more}", line=line)


class _Trial(NamedTuple):
    """How a file's first rows look with one delimiter: the header's columns, and the first thing that is wrong."""

    delimiter: str
    width: int
    problem: FileProblem | None


def _find_delimiter(source: Source, columns: PhoneColumns, *, has_option: bool) -> str:
    """The delimiter that gives a constant number of columns above one; any, if the first rows hold none at all."""
    trials = [_tried(source, delimiter, columns) for delimiter in _DELIMITERS]
    splitting = [trial for trial in trials if trial.width > 1]
    fitting = [trial for trial in splitting if trial.problem is None] or splitting
    if len(fitting) > 1:
        names = " and ".join(_DELIMITERS[trial.delimiter] for trial in fitting)
        raise FileProblem(
            f"{names} may all separate its columns; say which with --delimiter"
            if has_option
            else f"{names} may all separate its columns; say which by a first line, such as sep={fitting[0].delimiter}"
        )
    problems = [trial.problem for trial in fitting or trials if trial.problem]
    if problems:
        raise min(problems, key=lambda problem: problem.line or 0)
    return fitting[0].delimiter if fitting else ","


def _tried(source: Source, delimiter: str, columns: PhoneColumns) -> _Trial:
    header: Header | None = None
    try:
        header = find_header(records(source.lines(), delimiter), columns)
        if header is not None:
            shape = RowShape(len(header.cells), ())
            for _ in itertools.islice(_even_records(source, delimiter, header.line, shape), _SAMPLE):
                pass
    except FileProblem as problem:
        return _Trial(delimiter, 0 if header is None else len(header.cells), problem)
    return _Trial(delimiter, 0 if header is None else len(header.cells), None)
