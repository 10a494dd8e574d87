"""Repeats over the whole input of a campaign, exact however large it is. Runs in the ledger's own thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from ..._core import segments
from ..._core.fingerprints import FingerprintIndex
from . import many_rows

if TYPE_CHECKING:
    import sqlite3

_RECENT: Final = 256
"""Texts that are kept in memory, so that a few wordings in turn are not looked up each time."""

RecipientRow = tuple[int, str, int | None, int, str, str, str | None, int]
"""Number, phone, text's number, segments, state, code, error, time (microseconds since 1970)."""


class LedgerText(NamedTuple):
    """A text of the ledger: its number, which is that of its first recipient, and that recipient's phone."""

    id: int
    segments: int
    first_phone: str


@final
class LedgerRepeats:
    """Knows the messages that came before: fingerprints in memory, the messages themselves in the ledger.

    Every recipient is added, also one that was refused, as its place is its number. Mutable state: the fingerprints;
    the latest texts; ``text``, the one that was asked about last; and the rows and texts that are not written yet.
    With ``one_per_number`` a number that comes again is known, whatever its text.
    """

    def __init__(self, connection: sqlite3.Connection, *, one_per_number: bool = False) -> None:
        self._numbers = FingerprintIndex(self._is_number) if one_per_number else None
        self._connection = connection
        self._texts = FingerprintIndex(self._is_text)
        self._messages = FingerprintIndex(self._is_message)
        self._recent: dict[str, LedgerText] = {}
        self._written = 0
        self.text = LedgerText(0, 0, "")
        self._new_rows: list[RecipientRow] = []
        self._new_texts: list[tuple[int, str]] = []

    def known(self, phone: str, text: str) -> bool:
        """Whether this number had this text before; from now on the recipient who is added next had it."""
        number = self._written + len(self._new_rows)
        if self._numbers is not None:
            first = self._numbers.find(phone, number)
            if first != number:
                self.text = LedgerText(self._recipient(first)[1] or 0, 0, phone)
                return True
        found = self._recent.get(text)
        if found is None:
            first = self._texts.find(text, number)
            if first == number:
                self._new_texts.append((number, text))
                self.text = LedgerText(number, segments.count(text).segments, phone)
                return False
            found = self._remembered(first, text)
        self.text = found
        return found.first_phone == phone or self._messages.find((phone, found.id), number) != number

    def add(self, row: RecipientRow) -> None:
        """Take in the next recipient."""
        self._new_rows.append(row)

    def write(self) -> None:
        """Write everyone who was added since the last time."""
        self._connection.executemany("INSERT INTO texts VALUES (?, ?)", self._new_texts)
        many_rows.add(self._connection, self._new_rows)
        self._written += len(self._new_rows)
        self._new_texts.clear()
        self._new_rows.clear()

    def _remembered(self, first: int, text: str) -> LedgerText:
        """The text that recipient ``first`` had before anyone else."""
        if len(self._recent) >= _RECENT:
            self._recent.clear()
        found = LedgerText(first, segments.count(text).segments, self._recipient(first)[0])
        self._recent[text] = found
        return found

    def _is_text(self, number: int, text: str) -> bool:
        for new, one in reversed(self._new_texts):
            if new == number:
                return one == text
        found = self._connection.execute("SELECT text FROM texts WHERE id = ?", (number,)).fetchone()
        return bool(found[0] == text)

    def _is_message(self, number: int, message: tuple[str, int]) -> bool:
        return self._recipient(number) == message

    def _is_number(self, number: int, phone: str) -> bool:
        return self._recipient(number)[0] == phone

    def _recipient(self, number: int) -> tuple[str, int | None]:
        """The phone and the text's number of one who came before."""
        if number >= self._written:
            return self._new_rows[number - self._written][1:3]
        found: tuple[str, int] = self._connection.execute(
            "SELECT phone, text_id FROM recipients WHERE id = ?", (number,)
        ).fetchone()
        return found
