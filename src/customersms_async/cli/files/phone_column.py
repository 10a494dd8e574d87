"""Which columns of a file have the phone numbers: those that somebody named, or the one that leaves no doubt."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

import msgspec

from . import column_names
from .rows import FileProblem, listed
from .swallowed_rows import looks_like_phone

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_COMPARED: Final = 100
"""Names, and characters of each, among which one that is meant is looked for: how alike they are takes long to say."""

_DATE: Final = re.compile(r"\s*\d{1,4}([-./])\d{1,2}\1\d{1,4}\b")


class PhoneColumns(msgspec.Struct, frozen=True):
    """What was said of a file's columns of phone numbers: their names in full, or nothing.

    Of several columns, each is used where those before it have nothing. ``option`` is what names them on the command
    line. ``opted_out``: the numbers are those of people who said no, so in a log of replies they are the senders'.
    """

    names: tuple[str, ...] = ()
    option: str = "--phone-column"
    opted_out: bool = False

    def find(self, header: Sequence[str], *, line: int) -> tuple[int, ...]:
        """The places of the columns in ``header``. Raises ``FileProblem`` with its line where there is a doubt."""
        if self.names:
            places = self._named(header, line)
            self._check_header([header[at] for at in places], line)
            return places
        candidates = self._candidates(header)
        if not candidates:
            self._check_header(header, line)
        if len(candidates) == 1 and self._is_certain(header[candidates[0]]):
            return (candidates[0],)
        senders = [at for at in candidates if column_names.is_sender(header[at])]
        others = [at for at in candidates if not column_names.is_receiver(header[at])]
        if self.opted_out and len(senders) == 1 and others == senders:
            return tuple(senders)
        raise FileProblem(self._question(header, [header[at] for at in candidates]), line=line)

    def is_header(self, cells: Sequence[str]) -> bool:
        """Whether these cells name the columns that were asked for, or one that must have phone numbers."""
        if self.names:
            return all(_place(name, cells) is not None for name in self.names)
        return any(map(self._is_certain, cells))

    def _named(self, header: Sequence[str], line: int) -> tuple[int, ...]:
        found: list[int] = []
        for name in self.names:
            place = _place(name, header)
            if place is None:
                hint = _closest(name, header)
                raise FileProblem(f"no column is called {name!r}, only {listed(header)}{hint}", line=line)
            if place in found:
                raise FileProblem(f"{self.option} names {name!r} twice", line=line)
            found.append(place)
        return tuple(found)

    def _check_header(self, names: Sequence[str], line: int) -> None:
        """Raise ``FileProblem`` if one of these columns is called by a number: that is somebody's, and no header."""
        number = next((name for name in names if looks_like_phone(name) and not _DATE.match(name)), None)
        if number is not None:
            raise FileProblem(
                f"it has no header: {number[:40]!r} is a number; add a line ahead that names the columns, such as"
                " phone, or call a file of nothing but numbers .txt",
                line=line,
            )

    def _candidates(self, header: Sequence[str]) -> list[int]:
        """The places of all columns that may be meant."""
        log = self.opted_out or self._is_log(header)
        return [
            at
            for at, name in enumerate(header)
            if column_names.may_be_phone(name)
            or (log and (column_names.is_sender(name) or column_names.is_receiver(name)))
        ]

    def _is_certain(self, name: str) -> bool:
        if self.opted_out:
            return column_names.is_sender(name) or (column_names.is_phone(name) and not column_names.is_receiver(name))
        return column_names.is_phone(name)

    def _is_log(self, header: Sequence[str]) -> bool:
        """Whether it looks like a log of texts: who sent each, and to whom, by a name that may be a phone number's."""
        return any(map(column_names.is_sender, header)) and any(
            column_names.is_receiver(name) and (self.opted_out or column_names.is_phone(name)) for name in header
        )

    def _question(self, header: Sequence[str], candidates: Sequence[str]) -> str:
        several = " and ".join(map(repr, candidates[:20]))
        if len(candidates) > 1:
            question = f"{several} may all be the phone column; say which with {self.option}"
            if self.opted_out or self._is_log(header):
                return question
            return f"{question} (given twice, the second is used where the first is empty)"
        if candidates and self.opted_out:
            receiver = column_names.is_receiver(candidates[0])
            doubt = "says whom a text went to, and not for sure who" if receiver else "may not be the number of who"
            return f"{several} {doubt} opted out; say which of {listed(header)} is, with {self.option}"
        if candidates:
            return f"{several} may be the phone column; if it is, say so with {self.option} {_quoted(candidates[0])}"
        return (
            "no column is called phone, mobile, telephone or by another usual name for phone numbers, only"
            f" {listed(header)}; say which one has them with {self.option}"
        )


def _place(wanted: str, header: Sequence[str]) -> int | None:
    """Where the column called ``wanted`` is."""
    return next((at for at, name in enumerate(header) if name and name in (wanted, wanted.strip())), None)


def _closest(wanted: str, header: Sequence[str]) -> str:
    few = [name for name in header if len(name) <= _MOST_COMPARED][:_MOST_COMPARED]
    close = difflib.get_close_matches(wanted[:_MOST_COMPARED], few, 1, 0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _quoted(name: str) -> str:
    """A name as it is typed into a shell."""
    import shlex

    return shlex.quote(name)
