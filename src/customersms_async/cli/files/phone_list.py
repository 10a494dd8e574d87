"""A file of numbers that a command is told of: whom to suppress, whom to resolve."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from ..._core import phone as phones
from ..._core.plural import counted
from ...errors import InvalidRecipientError
from ..national_numbers import with_region
from . import open_rows
from .cell_words import is_nothing
from .list_doubts import check_other_numbers, check_statuses
from .phone_column import PhoneColumns
from .reply_log import check_log
from .rows import FileProblem
from .spoiled_cells import spoiled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .rows import FileRow, Rows


class SuppressList(NamedTuple):
    """The numbers of people who said no, each once, in the file's order, and what there is to say of the file."""

    numbers: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def numbers_in(path: Path, encoding: str, region: str | None, names: Sequence[str] | None) -> Iterator[str]:
    """The numbers of a file, as for ``send --file``; ``FileProblem`` for a row that holds none, and without a row."""
    with open_list(path, encoding, PhoneColumns(tuple(names or ()))) as rows:
        rows.refuse_none()
        for row in rows:
            yield number_in(row.phone, row.line, region)


def suppressed_in(path: Path, encoding: str, region: str | None, names: Sequence[str] | None) -> SuppressList:
    """The numbers of people who said no, from every column of ``names`` in each row.

    Raises ``FileProblem`` for a cell that is no number, for a list without any, and wherever it is not sure that they
    are these people's: in a log of replies the senders are, so its column of receivers is never read, and a log of what
    was sent is refused. Rows whose cells are blank are passed over and counted.
    """
    found: dict[str, None] = {}
    blank = 0
    with open_list(path, encoding, PhoneColumns(tuple(names or ()), "--suppress-column", opted_out=True)) as rows:
        if not names:
            check_log(rows)
            check_other_numbers(rows, region)
        check_statuses(rows)
        for row in rows:
            cells = [cell for cell in _cells(row, rows.phone_columns) if not is_nothing(cell)]
            found.update((number_in(cell, row.line, region), None) for cell in cells)
            blank += not cells
        if not found:
            raise FileProblem("it has no number that could be suppressed")
        remarks = (*([f"{counted(blank, 'row has', 'rows have')} no number"] if blank else []), *rows.notes)
    return SuppressList(tuple(found), remarks)


def _cells(row: FileRow, columns: Sequence[str]) -> list[object]:
    return [row.phone] if len(columns) == 1 else [row.fields.get(name) for name in columns]


@contextlib.contextmanager
def open_list(path: Path, encoding: str, columns: PhoneColumns) -> Iterator[Rows]:
    """The rows of a list; every ``FileProblem`` begins with the file."""
    try:
        with open_rows(
            path, phone_column=columns, encoding=encoding, delimiter=None, has_delimiter_option=False
        ) as rows:
            yield rows
    except FileProblem as problem:
        raise FileProblem(f"{path}: {problem}") from None


def number_in(cell: object, line: int, region: str | None) -> str:
    """The number in a cell of a list. Raises ``FileProblem`` for one that holds none."""
    try:
        return phones.parse(_WHATSAPP.sub("", cell) if isinstance(cell, str) else cell, region=region)  # type: ignore[arg-type]  # it refuses what is not text
    except InvalidRecipientError as error:
        if isinstance(cell, str) and cell.lstrip().startswith("#") and spoiled(cell) is None:
            raise FileProblem("it is a comment, and no number: take the line out", line=line) from None
        raise FileProblem(with_region(error.reason, error), line=line) from None


_WHATSAPP: Final = re.compile(r"^\s*(?:whatsapp|rcs)\s*:\s*(?=\+)", re.IGNORECASE)
"""What logs of several channels have ahead of a number; ``tel:`` and ``sms:`` every number may have."""
