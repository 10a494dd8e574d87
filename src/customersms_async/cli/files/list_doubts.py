"""Doubts about a list of people who opted out: rows that may not be meant, numbers in columns that are not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._core import phone as phones
from ...errors import InvalidRecipientError
from . import column_names
from .cell_words import is_nothing, kind_of
from .rows import FileProblem
from .swallowed_rows import looks_like_phone

if TYPE_CHECKING:
    from .rows import Rows


def check_statuses(rows: Rows) -> None:
    """Raise ``FileProblem`` if a column says one thing of some people and another of others, as of who opted out."""
    kinds = (column_names.is_status, column_names.is_consent, column_names.is_refusal, column_names.is_direction)
    names = [
        name for name in rows.columns if any(is_kind(name) for is_kind in kinds) and name not in rows.phone_columns
    ]
    if not names:
        return
    first: dict[str, str] = {}
    for row in rows:
        for name in names:
            value = row.fields.get(name, "")
            before = first.setdefault(name, value)
            if kind_of(value) != kind_of(before):
                raise FileProblem(
                    f"{name!r} is {before[:40]!r} in some rows and {value[:40]!r} in others, so not all may be meant:"
                    " make a file of those who opted out only",
                    line=row.line,
                )


def check_other_numbers(rows: Rows, region: str | None) -> None:
    """Raise ``FileProblem`` if a column that is not read has other numbers in it, which somebody could mean."""
    used = rows.phone_columns[0]
    log = column_names.is_sender(used)
    others = [
        name
        for name in rows.columns
        if name != used and not column_names.is_body(name) and not (log and column_names.is_receiver(name))
    ]
    if not others:
        return
    for row in rows:
        for name in others:
            cell = row.fields.get(name, "")
            if looks_like_phone(cell) and (number := _parsed(cell, region)) is not None:
                mine = row.phone
                if not isinstance(mine, str) or is_nothing(mine) or _parsed(mine, region) != number:
                    raise FileProblem(
                        f"{used!r} and {name!r} have numbers; say which are of those who opted out with"
                        " --suppress-column (given twice, the numbers of both)",
                        line=row.line,
                    )


def _parsed(cell: str, region: str | None) -> str | None:
    try:
        return phones.parse(cell, region=region)
    except InvalidRecipientError:
        return None
