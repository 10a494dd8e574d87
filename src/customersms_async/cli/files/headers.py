"""Where a table begins: the header, and what programs put ahead of it."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from .swallowed_rows import looks_like_phone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .phone_column import PhoneColumns

_MOST_TITLES: Final = 10
"""Lines of titles, dates and filters that reports have ahead of their header, at most."""

_DATE: Final = re.compile(r"\d{1,4}([-./])\d{1,2}\1\d{1,4}([ T]\d{1,2}:\d{2}.*)?")
_SEPARATOR: Final = re.compile(r'"?sep=(.)"?;*,*\s*', re.IGNORECASE)


class Header(NamedTuple):
    """A header: its line, its cells, and the lines ahead of it that were passed over, each as a short text."""

    line: int
    cells: Sequence[str]
    titles: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What a person has to know of it: nothing, unless something was passed over."""
        if not self.titles:
            return ""
        return f", under the header in line {self.line} (ahead of it: {', '.join(map(repr, self.titles))})"


def find_header(records: Iterable[tuple[int, Sequence[str]]], columns: PhoneColumns) -> Header | None:
    """The header among the first of ``records``, or ``None`` if there are none.

    It is the first record, unless that can only be a title: a later one has the phone column, and those ahead of it
    have fewer cells with something in them, and no number that could be somebody's.
    """
    titles: list[str] = []
    most = 0
    first = None
    for line, cells in itertools.islice(records, _MOST_TITLES + 1):
        filled = [cell.strip() for cell in cells if cell.strip()]
        if columns.is_header(cells) and (not titles or most < len(filled) or len(filled) == 1):
            return Header(line, cells, tuple(titles))
        first = first or Header(line, cells)
        if len(filled) > 2 or any(looks_like_phone(cell) and not _DATE.fullmatch(cell) for cell in filled):
            break
        titles.append(" ".join(filled)[:40])
        most = max(most, len(filled))
    return first


def separator_named(line: str) -> str | None:
    """The delimiter that a file's first line names, as ``sep=;`` does for Excel."""
    found = _SEPARATOR.fullmatch(line)
    return None if found is None else found[1]
