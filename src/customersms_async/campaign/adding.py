"""The whole input into an empty ledger, in one transaction: judged, frozen, with every repeat found.

Runs in the ledger's own thread. Cost: about 8 µs a recipient; memory: ``Seen`` for each recipient, and one slice.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from .. import phone as phones
from .. import segments
from ..errors import ConfigurationError, InvalidRecipientError
from ..intake import message_problem
from ..models import Code
from .seen import Seen
from .states import Event, after

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

SLICE: Final = 1_000
"""Recipients that are handed over at a time: some 10 ms of work."""

_RECENT: Final = 256
"""Texts that are kept in memory, so that a few wordings in turn are not looked up each time."""

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
        self._connection = connection
        self._region = region
        self._texts = Seen()
        self._pairs = Seen()
        self._recent: dict[str, _Text] = {}
        self._new_texts: list[tuple[int, str]] = []
        self._rows: list[tuple[Any, ...]] = []
        self._base = 0
        self.digest = Digest()

    def take(self, letters: Sequence[Letter]) -> None:
        """Judge these and write them. Raises ``ConfigurationError`` for a region that can't be used."""
        self._base = self.digest.count
        self.digest.take(letters)
        now = time.time_ns() // 1_000
        for number, letter in enumerate(letters, self._base):
            self._rows.append((number, *self._judged(number, letter), now))
        self._connection.executemany("INSERT INTO texts VALUES (?, ?)", self._new_texts)
        self._connection.executemany(
            "INSERT INTO recipients (id, phone, text_id, segments, state, code, error, updated_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            self._rows,
        )
        self._new_texts.clear()
        self._rows.clear()

    def finish(self, template: str | None) -> None:
        """Count what was taken, and say what it was."""
        if not self.digest.count:
            raise ConfigurationError("there are no recipients to add")
        self._connection.execute(
            "INSERT INTO counts SELECT state, code, count(*), sum(segments) FROM recipients GROUP BY state, code"
        )
        self._connection.execute(
            "INSERT INTO input VALUES (1, ?, ?, ?, ?)",
            (self.digest.hex, template, self.digest.count, time.time_ns() // 1_000),
        )

    def _judged(self, number: int, letter: Letter) -> tuple[str, int | None, int, str, str, str | None]:
        """Phone, text's id, segments, state, code, error."""
        try:
            phone = phones.parse(letter.phone, region=self._region)  # type: ignore[arg-type]  # it refuses what is not text
        except InvalidRecipientError as error:
            return _skipped(letter, Code.INVALID_PHONE, error.reason)
        text = self._recent.get(letter.text) if isinstance(letter.text, str) else None
        if text is None:
            problem = message_problem(letter.text)
            if problem is not None:
                return _skipped(letter, Code.INVALID_MESSAGE, problem, phone)
            text = self._text(number, phone, letter.text)  # type: ignore[arg-type]  # message_problem saw to it
        if text.id != number and (
            text.first_phone == phone
            or self._pairs.find((phone, text.id), number, lambda n: self._is(n, phone, text.id)) != number
        ):
            return _skipped(letter, Code.DUPLICATE, "the same number with the same text came before", phone, text.id)
        return phone, text.id, text.segments, _PLANNED, "", None

    def _text(self, number: int, phone: str, text: str) -> _Text:
        """The text under the number of the recipient that had it first, who may be this one."""
        first = self._texts.find(text, number, lambda n: self._text_of(n) == text)
        if first == number:
            self._new_texts.append((number, text))
        else:
            phone = self._recipient(first)[0]
        found = _Text(first, segments.count(text).segments, phone)
        if len(self._recent) >= _RECENT:
            del self._recent[next(iter(self._recent))]
        self._recent[text] = found
        return found

    def _text_of(self, number: int) -> str:
        for new, text in reversed(self._new_texts):
            if new == number:
                return text
        (text,) = self._connection.execute("SELECT text FROM texts WHERE id = ?", (number,)).fetchone()
        return str(text)

    def _is(self, number: int, phone: str, text_id: int) -> bool:
        return self._recipient(number) == (phone, text_id)

    def _recipient(self, number: int) -> tuple[str, int]:
        if number >= self._base:
            row = self._rows[number - self._base]
            return row[1], row[2]
        found: tuple[str, int] = self._connection.execute(
            "SELECT phone, text_id FROM recipients WHERE id = ?", (number,)
        ).fetchone()
        return found


def _skipped(
    letter: Letter, code: Code, reason: str, phone: str | None = None, text_id: int | None = None
) -> tuple[str, int | None, int, str, str, str | None]:
    if phone is None:
        phone = (letter.phone if isinstance(letter.phone, str) else repr(letter.phone))[:100]
        phone = phone.encode("utf-8", "backslashreplace").decode()
    error = reason if letter.line is None else f"line {letter.line}: {reason}"
    return phone, text_id, 0, _SKIPPED, code, error.encode("utf-8", "backslashreplace").decode()
