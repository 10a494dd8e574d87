"""The column of a file that names each recipient's own time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import msgspec

from ...campaign.zones import load_zone
from ...errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..._core.intake import Letter
    from ..files import FileRow


@final
class ZoneColumn:
    """Puts the time zones in a column on the letters of its rows; an empty cell says nothing.

    A row whose cell is no time zone can't be used. Mutable state: the cell of the row that was read last.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._cell = ""

    def watch(self, rows: Iterable[FileRow]) -> Iterator[FileRow]:
        """The rows, as they are read."""
        for row in rows:
            self._cell = row.fields.get(self.name, "").strip()
            yield row

    def put_on(self, letters: Iterable[Letter]) -> Iterator[Letter]:
        """The letters of the rows, one for each, with their zones."""
        for letter in letters:
            cell = self._cell
            if not cell:
                yield letter
                continue
            try:
                load_zone(cell)
            except ConfigurationError:
                problem = letter.problem or f"column {self.name!r} says {cell[:50]!r}, which is no time zone"
                yield msgspec.structs.replace(letter, problem=problem)
            else:
                yield msgspec.structs.replace(letter, zone=cell)
