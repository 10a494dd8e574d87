"""Rows with a phone number and named texts: every kind of file comes to these."""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, final

import msgspec

from ..problems import InputProblem
from . import column_names
from .cell_words import is_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from .phone_column import PhoneColumns


class FileProblem(InputProblem):
    """A file that can't be read as what its name says; ``line`` is where (from 1), or ``None``, ``reason`` why."""

    def __init__(self, reason: str, *, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class FileRow(msgspec.Struct, frozen=True, gc=False):
    """One recipient, as a row of a file has them.

    ``line`` is where it begins, from 1, as an editor (or for XLSX the spreadsheet) shows it. ``phone`` is whatever
    stands in the phone column, unconverted. ``fields`` are the row's texts by column, the phone's too: of all columns,
    or of those that were asked for.
    """

    line: int
    phone: object
    fields: Mapping[str, str]


@final
class Rows:
    """A file's rows, read anew by every iteration and never held all at once (but an XLSX sheet is in memory).

    ``columns`` are the names that ``fields`` has, in the file's order, without those that are there ``twice``;
    ``phone_columns`` are among them, the later ones used where those before are empty; ``kind`` says what the file
    was taken for, ``remarks`` what they have to know of a column, ``notes`` what of the whole file. ``read_some`` reads
    rows with some columns only, at less cost, and is there if every row has all columns. A context manager: leaving it
    closes the file.
    """

    def __init__(
        self,
        columns: tuple[str, ...],
        phone_columns: tuple[str, ...],
        kind: str,
        read: Callable[[], Iterator[FileRow]],
        close: Callable[[], object],
        remarks: Mapping[str, str] | None = None,
        notes: tuple[str, ...] = (),
        twice: tuple[str, ...] = (),
        read_some: Callable[[Collection[str]], Iterator[FileRow]] | None = None,
    ) -> None:
        self.columns = columns
        self.phone_columns = phone_columns
        self.kind = kind
        self.remarks: Mapping[str, str] = remarks or {}
        self.notes = notes
        self.twice = twice
        self.even: bool = read_some is not None
        self._read = read
        self._read_some = read_some
        self.close = close

    def __iter__(self) -> Iterator[FileRow]:
        """Read from the beginning; raises ``FileProblem`` at the first row that shows the file to be damaged."""
        return self._read()

    def only(self, columns: Collection[str]) -> Iterator[FileRow]:
        """Read as iterating does; ``fields`` need have no more than these ``columns``, of those that a row has."""
        return self._read() if self._read_some is None else self._read_some(columns)

    def refuse_none(self) -> None:
        """Raise ``FileProblem`` if there is not a single row, as of an export that went wrong."""
        if next(iter(self), None) is None:
            raise FileProblem("it has not a single row, so nobody is in it")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def first_filled(cells: Sequence[Any], places: Sequence[int]) -> Any:
    """The first cell at one of ``places`` that is not blank (or ``n/a`` and the like); the first of them if all are."""
    for place in places:
        if not is_nothing(cells[place]):
            return cells[place]
    return cells[places[0]]


def fields_getter(names: Sequence[str], wanted: Collection[str]) -> Callable[[Sequence[str]], Mapping[str, str]]:
    """What makes of a row's cells, as many as ``names``, a mapping of those ``wanted``; "" is no name."""
    places = [at for at, name in enumerate(names) if name and name in wanted]
    found = tuple(names[at] for at in places)
    if not places:
        none: Mapping[str, str] = MappingProxyType({})
        return lambda _: none
    if len(places) == 1:
        name, place = found[0], places[0]
        return lambda cells: {name: cells[place]}
    if len(places) == 2:
        (name, other), (place, further) = found, places
        return lambda cells: {name: cells[place], other: cells[further]}
    if len(places) == len(names):
        return lambda cells: dict(zip(names, cells))  # noqa: B905 - they are as many
    pick = itemgetter(*places)
    return lambda cells: dict(zip(found, pick(cells)))  # noqa: B905 - as many as there are places


def in_column(phones: Sequence[str], columns: PhoneColumns) -> str:
    """Where the numbers stand, for people, if they were not told themselves and it is not called just that."""
    return "" if columns.names or phones[0].lower() == "phone" else f", numbers in {phones[0]!r}"


def header_names(cells: Sequence[str], columns: PhoneColumns, *, line: int) -> tuple[list[str], tuple[str, ...]]:
    """A header's cells without the white space around them, and the names that occur twice.

    None at all is "" and unused, and so is one that occurs twice. It raises where that may be meant to have numbers.
    """
    names = [cell.strip() for cell in cells]
    twice = first_twice(name for name in names if name)
    if twice is None:
        return names, ()
    counts = Counter(names)
    several = tuple(name for name, count in counts.items() if name and count > 1)
    for name in several:
        if columns.opted_out or name in columns.names or column_names.may_be_phone(name):
            raise FileProblem(f"two columns are called {name!r}", line=line)
    return [name if counts[name] == 1 else "" for name in names], several


def check_unique(twice: Sequence[str], used: Iterable[str]) -> None:
    """Raise ``FileProblem`` if a column is used whose name another one has, too."""
    folded = {name.strip().casefold() for name in used}
    for name in twice:
        if name.casefold() in folded:
            raise FileProblem(f"two columns are called {name!r}")


def check_kept(keep: Sequence[str], columns: Sequence[str], option: str = "--keep") -> None:
    """Raise ``FileProblem`` for a column that ``option`` names and that is not there, or is named twice."""
    for name in keep:
        if name not in columns:
            raise FileProblem(f"no column is called {name!r}, only {listed(columns)}; see {option}")
    twice = first_twice(keep)
    if twice is not None:
        raise FileProblem(f"{option} names {twice!r} twice")


def first_twice(names: Iterable[str]) -> str | None:
    """The first of ``names`` that was there before, if any was; in linear time."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def listed(names: Sequence[str]) -> str:
    """Names for a message, the first ten of them."""
    shown = [repr(name if len(name) <= 40 else name[:40] + "…") for name in names if name.strip()]
    return (
        ", ".join(shown[:10]) + (f" and {len(shown) - 10} more" if len(shown) > 10 else "") or "columns without names"
    )
