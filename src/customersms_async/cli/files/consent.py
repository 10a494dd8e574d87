"""What a file's own columns say of people who have not agreed to get texts, or who have refused."""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, Final, final

from ..._core.plural import counted
from . import column_names
from .cell_words import says_no, says_out, says_yes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .rows import FileRow, Rows

_REFUSED: Final[tuple[tuple[Callable[[str], bool], Callable[[str], bool], str], ...]] = (
    (column_names.is_refusal, says_yes, "yes"),
    (column_names.is_consent, says_no, "no"),
    (column_names.is_status, says_out, "unsubscribed or the like"),
)
"""Columns, what a person who wants no texts has there, and that in a word."""

_REMEMBERED: Final = 1_000
"""Different cells whose meaning is remembered: such columns have few, or the day on which somebody refused."""


@final
class ConsentCount:
    """Counts, in each column that says who wants no texts, the rows that should get none.

    Mutable state: the counts, once all rows were read.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._kinds = list(_columns(rows))
        self.columns: tuple[str, ...] = tuple(name for name, _, _ in self._kinds)
        self._counts: dict[str, int] | None = None

    def watch(self, rows: Iterable[FileRow]) -> Iterator[FileRow]:
        """``rows`` of the file, all of which are counted once they were read to the end."""
        counts = dict.fromkeys(self.columns, 0)
        kinds = [(name, lru_cache(_REMEMBERED)(refused)) for name, refused, _ in self._kinds]
        for row in rows:
            fields = row.fields
            for name, refused in kinds:
                if refused(fields.get(name, "")):
                    counts[name] += 1
            yield row
        self._counts = counts

    def remarks(self) -> list[str]:
        """A line for each column that says so of any row; the file is read only if it has such a column, and wasn't."""
        if not self.columns:
            return []
        if self._counts is None:
            deque(self.watch(self._rows.only(self.columns)), 0)
        counts = self._counts or {}
        return [
            f"column {name!r} says {word} in {counted(count, 'row')}, sent to all the same; take them out, or give"
            " their numbers to --suppress"
            for name, _, word in self._kinds
            if (count := counts[name])
        ]


def _columns(rows: Rows) -> Iterator[tuple[str, Callable[[str], bool], str]]:
    for name in rows.columns:
        for is_kind, refused, word in _REFUSED:
            if is_kind(name) and name not in rows.phone_columns:
                yield name, refused, word
                break
