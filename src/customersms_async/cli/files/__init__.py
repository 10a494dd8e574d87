"""A file of people -> its rows, one by one: tables (CSV, TSV), plain lines, JSONL, XLSX.

What a file is, its name says: ``.csv``, ``.tsv`` (a table separated by tabs), ``.jsonl`` or ``.ndjson``, ``.xlsx``;
``.txt``, ``.lst``, no extension and ``-`` (standard input) are plain lines, one phone number each, unless a delimiter
or a phone column is given, which makes them a table too. Any other name needs a delimiter.

Nothing is guessed or repaired. A value that can't be a phone number is passed on, and that row is refused later; a
file that is not what it says raises ``FileProblem``, so that reading it once to the end proves all of it readable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import jsonl, sheets, table
from .phone_column import PhoneColumns
from .rows import FileProblem, FileRow, Rows
from .source import Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

__all__ = ["FileProblem", "FileRow", "PhoneColumns", "Rows", "open_rows"]


def open_rows(
    path: Path,
    *,
    phone_column: PhoneColumns | None,
    encoding: str,
    delimiter: str | None,
    has_delimiter_option: bool = True,
) -> Rows:
    """The rows of the file ``path``, which stays open until the ``Rows`` is closed.

    ``phone_column`` says which columns have the numbers (else the one that has a usual name); ``encoding`` is a codec
    of Python's, not used for XLSX; ``delimiter`` one character or ``"tab"`` (else found, in a CSV), for which a person
    is told of ``--delimiter`` unless the file has no such option. Only the beginning is read here. Raises
    ``FileProblem``, as does every iteration: where the file can't be read or is not what its name says, or has changed
    since it was opened.
    """
    extension = path.suffix.lower()
    columns = phone_column or PhoneColumns()
    if delimiter is not None:
        delimiter = _one_character(delimiter)
        if extension in (*sheets.EXTENSIONS, *jsonl.EXTENSIONS):
            raise FileProblem(f"a {extension} file has no delimiter; leave out --delimiter")
    if extension in sheets.EXTENSIONS:
        return sheets.open_sheet(path, columns)
    plain = extension in ("", ".txt", ".lst") and delimiter is None and not columns.names
    known = extension in (".csv", ".tsv", ".txt", ".lst", "", *jsonl.EXTENSIONS)
    if not known and delimiter is None:
        raise FileProblem(
            f"what a {extension} file holds is not known; save it as .csv, .tsv, .jsonl, .xlsx or .txt"
            " (one phone number a line), or say what separates its columns with --delimiter"
            if has_delimiter_option
            else f"what a {extension} file holds is not known; save it as .csv, .tsv, .jsonl, .xlsx or .txt"
            " (one phone number a line)"
        )
    source = Source(path, encoding)
    try:
        if plain:
            _check_plain(path, source, columns.option)
            return _plain_rows(source)
        if extension in jsonl.EXTENSIONS:
            return jsonl.open_objects(source, columns)
        separator = "\t" if extension == ".tsv" and not delimiter else delimiter
        return table.open_table(source, columns, separator, has_delimiter_option=has_delimiter_option)
    except BaseException:
        source.close()
        raise


def _check_plain(path: Path, source: Source, option: str) -> None:
    """Raise ``FileProblem`` for a table on standard input, which has no name to say what it is."""
    first = next((line for line in source.lines() if not line.isspace()), "") if str(path) == "-" else ""
    if any(delimiter in first.strip() for delimiter in ",;\t|"):
        raise FileProblem(
            f"standard input is plain lines, one number each; for a table, name its column of numbers with {option}"
        )


def _plain_rows(source: Source) -> Rows:
    names = ("phone",)

    def read(wanted: Collection[str] = names) -> Iterator[FileRow]:
        whole, none = "phone" in wanted, dict[str, str]()
        for number, line in enumerate(source.lines(), 1):
            if not line.isspace():
                text = line.rstrip("\r\n")
                yield FileRow(number, text, {"phone": text} if whole else none)

    return Rows(names, names, "plain lines", read, source.close, read_some=read)


def _one_character(delimiter: str) -> str:
    delimiter = "\t" if delimiter.lower() in ("tab", "\\t") else delimiter
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise FileProblem(f"{delimiter!r} can't separate columns; --delimiter takes one character, or tab")
    return delimiter
