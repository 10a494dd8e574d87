"""The whole input into an empty ledger, in one transaction: judged, frozen, with every repeat found.

Runs in the ledger's own thread. Cost: about 8 µs a recipient; memory: ``Seen`` for each recipient, and one slice.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Final, NamedTuple, final

from .._core import phone as phones
from .._core import segments
from .._core.intake import message_problem
from .._core.seen import Seen
from ..errors import ConfigurationError, InvalidRecipientError
from ..models import Code
from .states import Event, after

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

SLICE: Final = 1_000
"""Recipients that are handed over at a time: some 10 ms of work."""

_RECENT: Final = 256
"""Texts that are kept in memory, so that a few wordings in turn are not looked up each time."""

_REPEAT: Final = "the same number with the same text came before"

_Row = tuple[int, str, int | None, int, str, str, str | None, int]
"""Number, phone, text's number, segments, state, code, error, time (microseconds since 1970)."""

_PLANNED, _SKIPPED = after(None, Event.ADDED), after(None, Event.REFUSED)


class Letter(NamedTuple):
    """One input: the phone and the text as given, and the line of the file that it stands on, if it is from one."""

    phone: object
    text: object
    line: int | None = None


class _Text(NamedTuple):
    id: int
    segments: int
    first_phone: str


@final
class Digest:
    """The hash of an input: of every phone and text as given, in order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.count = 0

    def take(self, letters: Sequence[Letter]) -> None:
        """Go on with these."""
        self.count += len(letters)
        parts = []
        for phone, text, _ in letters:
            given = phone if isinstance(phone, str) else f"{type(phone).__name__} {phone!r}"
            said = text if isinstance(text, str) else f"{type(text).__name__} {text!r}"
            parts.append(f"{len(given)} {len(said)} {given}{said}")
        self._hash.update("".join(parts).encode("utf-8", "surrogatepass"))

    @property
    def hex(self) -> str:
        """The hash so far."""
        return self._hash.hexdigest()


@final
class Adding:
    """Takes slices of the input in, within a transaction that the caller has begun and ends.

    Mutable state: the input's digest, what came before, and the latest texts.
    """

    def __init__(self, connection: sqlite3.Connection, region: str | None) -> None:
        self.connection = connection
        self._region = region
        self._texts = Seen(self._is_text)
        self._pairs = Seen(self._is_pair)
        self._recent: dict[str, _Text] = {}
        self._new_texts: list[tuple[int, str]] = []
        self._rows: list[_Row] = []
        self._base = 0
        self._now_us = 0
        self.digest = Digest()

    def take(self, letters: Sequence[Letter]) -> None:
        """Judge these and write them. Raises ``ConfigurationError`` for a region that can't be used."""
        self._base = self.digest.count
        self._now_us = time.time_ns() // 1_000
        self.digest.take(letters)
        for number, letter in enumerate(letters, self._base):
            self._rows.append(self._judged(number, letter))
        self.connection.executemany("INSERT INTO texts VALUES (?, ?)", self._new_texts)
        self.connection.executemany(
            "INSERT INTO recipients (id, phone, text_id, segments, state, code, error, updated_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            self._rows,
        )
        self._new_texts.clear()
        self._rows.clear()

    def finish(self, template: str | None, *, rehearsal: bool) -> None:
        """Count what was taken, and say what it was."""
        if not self.digest.count:
            raise ConfigurationError("there are no recipients to add")
        self.connection.execute(
            "INSERT INTO counts SELECT state, code, count(*), sum(segments) FROM recipients GROUP BY state, code"
        )
        self.connection.execute(
            "INSERT INTO input VALUES (1, ?, ?, ?, ?, ?)",
            (self.digest.hex, template, self.digest.count, time.time_ns() // 1_000, rehearsal),
        )

    def _judged(self, number: int, letter: Letter) -> _Row:
        try:
            phone = phones.parse(letter.phone, region=self._region)  # type: ignore[arg-type]  # it refuses what is not text
        except InvalidRecipientError as error:
            return self._skipped(number, letter, Code.INVALID_PHONE, error.reason)
        given = letter.text
        text = self._recent.get(given) if isinstance(given, str) else None
        if text is None:
            problem = message_problem(given)
            if problem is not None:
                return self._skipped(number, letter, Code.INVALID_MESSAGE, problem, phone)
            assert isinstance(given, str)  # noqa: S101 - message_problem saw to it
            first = self._texts.find(given, number)
            if first == number:
                self._new_texts.append((number, given))
                return number, phone, number, segments.count(given).segments, _PLANNED, "", None, self._now_us
            text = self._text(first, given)
        if text.first_phone == phone or self._pairs.find((phone, text.id), number) != number:
            return self._skipped(number, letter, Code.DUPLICATE, _REPEAT, phone, text.id)
        return number, phone, text.id, text.segments, _PLANNED, "", None, self._now_us

    def _text(self, first: int, text: str) -> _Text:
        """The text that recipient ``first`` had before anyone else."""
        if len(self._recent) >= _RECENT:
            self._recent.clear()
        found = _Text(first, segments.count(text).segments, self._recipient(first)[0])
        self._recent[text] = found
        return found

    def _is_text(self, number: int, text: str) -> bool:
        for new, one in reversed(self._new_texts):
            if new == number:
                return one == text
        found = self.connection.execute("SELECT text FROM texts WHERE id = ?", (number,)).fetchone()
        return bool(found[0] == text)

    def _is_pair(self, number: int, pair: tuple[str, int]) -> bool:
        return self._recipient(number) == pair

    def _recipient(self, number: int) -> tuple[str, int | None]:
        """The phone and the text's number of one who came before."""
        if number >= self._base:
            return self._rows[number - self._base][1:3]
        found: tuple[str, int] = self.connection.execute(
            "SELECT phone, text_id FROM recipients WHERE id = ?", (number,)
        ).fetchone()
        return found

    def _skipped(
        self, number: int, letter: Letter, code: Code, reason: str, phone: str | None = None, text_id: int | None = None
    ) -> _Row:
        if phone is None:
            phone = (letter.phone if isinstance(letter.phone, str) else repr(letter.phone))[:100]
        error = reason if letter.line is None else f"line {letter.line}: {reason}"
        return number, _kept(phone), text_id, 0, _SKIPPED, code, _kept(error), self._now_us


def _kept(text: str) -> str:
    """The same in a form that any file can hold."""
    return text.encode("utf-8", "backslashreplace").decode()
