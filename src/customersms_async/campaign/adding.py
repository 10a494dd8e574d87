"""The whole input into an empty ledger, in one transaction: judged, frozen, with every repeat found.

Runs in the ledger's own thread. Cost: about 8 µs a recipient; memory: ``LedgerRepeats`` for each recipient, and one
slice.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Final, final

from .._core.intake import Judge, Letter, RefusedLetter, with_line
from ..errors import ConfigurationError
from ..models import Code
from .ledger_repeats import LedgerRepeats
from .states import Event, after

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from .ledger_repeats import RecipientRow

SLICE: Final = 1_000
"""Recipients that are handed over at a time: some 10 ms of work."""

_PLANNED, _SKIPPED = after(None, Event.ADDED), after(None, Event.REFUSED)


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
        for letter in letters:
            phone, text = letter.phone, letter.text
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

    Mutable state: the input's digest, and what came before.
    """

    def __init__(self, connection: sqlite3.Connection, region: str | None) -> None:
        self.connection = connection
        self._repeats = LedgerRepeats(connection)
        self._judge = Judge(self._repeats, region)
        self._now_us = 0
        self.digest = Digest()

    def take(self, letters: Sequence[Letter]) -> None:
        """Judge these and write them. Raises ``ConfigurationError`` for a region that can't be used."""
        base = self.digest.count
        self._now_us = time.time_ns() // 1_000
        self.digest.take(letters)
        for number, letter in enumerate(letters, base):
            self._repeats.add(self._row(letter, number))
        self._repeats.write()

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

    def _row(self, letter: Letter, number: int) -> RecipientRow:
        judged = self._judge.judge(letter, number)
        text = self._repeats.text
        if not isinstance(judged, RefusedLetter):
            return number, judged.phone, text.id, text.segments, _PLANNED, "", None, self._now_us
        phone, code, reason = judged.outcome.phone, judged.outcome.code or "", judged.outcome.error or ""
        text_id = text.id if code == Code.DUPLICATE else None
        return number, phone, text_id, 0, _SKIPPED, code, with_line(reason, judged.line), self._now_us
