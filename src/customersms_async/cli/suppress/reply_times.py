"""Which of two replies came later, by a log's own columns: said only where there is no doubt."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from ..files.column_names import is_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SECONDS: Final = re.compile(r"1[0-9]{9}")
_MILLISECONDS: Final = re.compile(r"1[0-9]{12}")
_OFFSET: Final = re.compile(r"\s+(?:UTC|GMT|Z)$|\s+(?=[+-][0-9]{2}:?[0-9]{2}$)", re.IGNORECASE)


def time_columns(columns: Sequence[str]) -> list[str]:
    """The columns that may say when a text came."""
    return [name for name in columns if is_time(name)]


def times_of(fields: Mapping[str, str], columns: Sequence[str]) -> tuple[datetime | None, ...]:
    """What each of these columns says; ``None`` where it can't be read in one way only, as ``03/04/2026`` can't."""
    return tuple(_moment(fields.get(name, "").strip()) for name in columns)


def is_later(times: Sequence[datetime | None], others: Sequence[Sequence[datetime | None]]) -> bool:
    """Whether a reply came after each of ``others``, by the first column that says so of all of them."""
    for at, mine in enumerate(times):
        theirs = [other[at] for other in others]
        if mine is not None and all(one is not None and _comparable(mine, one) for one in theirs):
            return all(one is not None and mine > one for one in theirs)
    return False


def _moment(cell: str) -> datetime | None:
    try:
        if _SECONDS.fullmatch(cell) or _MILLISECONDS.fullmatch(cell):
            return datetime.fromtimestamp(int(cell[:10]), UTC).replace(microsecond=int(cell[10:] or 0) * 1_000)
        return _written_out(cell)
    except (ValueError, OverflowError, TypeError, IndexError, AttributeError):  # mails' reader raises many
        return None


def _written_out(cell: str) -> datetime:
    """A moment as ISO 8601 writes it, or as mails do."""
    try:
        return datetime.fromisoformat(_OFFSET.sub(lambda found: "+00:00" if found[0].strip() else "", cell))
    except ValueError:
        return parsedate_to_datetime(cell)


def _comparable(one: datetime, other: datetime) -> bool:
    return (one.tzinfo is None) is (other.tzinfo is None)
