"""Rows with a phone number and named texts: every kind of file comes to these."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final, Self, final

import msgspec

from ..problems import InputProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

PHONE_NAMES: Final = ("phone", "phone_number", "mobile", "number", "msisdn", "to")
"""What a column of phone numbers may be called where nobody says, in any case and with white space around it."""


class FileProblem(InputProblem):
    """A file that can't be read as what its name says; ``line`` is where (from 1), or ``None``, ``reason`` why."""

    def __init__(self, reason: str, *, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class FileRow(msgspec.Struct, frozen=True):
    """One recipient, as a row of a file has them.

    ``line`` is where it begins, from 1, as an editor (or for XLSX the spreadsheet) shows it. ``phone`` is whatever
    stands in the phone column, unconverted. ``fields`` are the row's texts by column, the phone's too.
    """

    line: int
    phone: object
    fields: Mapping[str, str]


@final
class Rows:
    """A file's rows, read anew by every iteration and never held all at once (but an XLSX sheet is in memory).

    ``columns`` are the names that ``fields`` has, in the file's order; ``phone_column`` is one of them, and ``kind``
    says for people what the file was taken for. A context manager: leaving it closes the file.
    """

    def __init__(
        self,
        columns: tuple[str, ...],
        phone_column: str,
        kind: str,
        read: Callable[[], Iterator[FileRow]],
        close: Callable[[], object],
    ) -> None:
        self.columns = columns
        self.phone_column = phone_column
        self.kind = kind
        self._read = read
        self.close = close

    def __iter__(self) -> Iterator[FileRow]:
        """Read from the beginning; raises ``FileProblem`` at the first row that shows the file to be damaged."""
        return self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def find_phone(names: Sequence[str], wanted: str | None, *, line: int) -> int:
    """Which of ``names`` is the phone column: the one called ``wanted``, or the only one with a usual name."""
    if wanted is not None:
        found = [at for at, name in enumerate(names) if name and name in (wanted, wanted.strip())]
        if not found:
            close = difflib.get_close_matches(wanted, names, 1, 0.5)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise FileProblem(f"no column is called {wanted!r}, only {listed(names)}{hint}", line=line)
        return found[0]
    found = [at for at, name in enumerate(names) if name.strip().lower() in PHONE_NAMES]
    if not found:
        raise FileProblem(
            f"no column is called {', '.join(PHONE_NAMES[:-1])} or {PHONE_NAMES[-1]}, only {listed(names)};"
            " say which one has the phone numbers with --phone-column",
            line=line,
        )
    if len(found) > 1:
        several = " and ".join(repr(names[at]) for at in found)
        raise FileProblem(f"{several} may all be the phone column; say which with --phone-column", line=line)
    return found[0]


def header_names(cells: Sequence[str], *, line: int) -> list[str]:
    """A header's cells without the white space around them; a name twice raises, none at all is "" and unused."""
    names = [cell.strip() for cell in cells]
    for at, name in enumerate(names):
        if name and name in names[:at]:
            raise FileProblem(f"two columns are called {name!r}", line=line)
    return names


def listed(names: Sequence[str]) -> str:
    """Names for a message, the first ten of them."""
    shown = [repr(name if len(name) <= 40 else name[:40] + "…") for name in names if name.strip()]
    return (
        ", ".join(shown[:10]) + (f" and {len(shown) - 10} more" if len(shown) > 10 else "") or "columns without names"
    )
