"""The open file of a ``SQLiteSuppression``, and its rows."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, final

from ...errors import SuppressionStoreError
from ...quota._sqlite.file import StoreFile
from ...quota._sqlite.file_place import StoreKind
from ...quota._sqlite.schema import CLOCKS
from ..entries import EntryKind, SuppressionEntry, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..entries import SuppressionChange

APPLICATION_ID: Final = 0x43534D53  # "CSMS"
VERSION: Final = 2
"""1 had no id of its own."""

_ID: Final = """
CREATE TABLE list (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL CHECK (length(id) = 16));
INSERT INTO list VALUES (1, lower(hex(randomblob(8))));
"""
"""Which list it is: two hosts may have different ones at the same path."""

_SCHEMA: Final = f"""
BEGIN;
{CLOCKS}{_ID}
CREATE TABLE changes (
    first INTEGER PRIMARY KEY CHECK (first >= 0), end INTEGER NOT NULL CHECK (end > first),
    at_us INTEGER NOT NULL CHECK (typeof(at_us) = 'integer'),
    why TEXT NOT NULL CHECK (typeof(why) = 'text'), by TEXT NOT NULL CHECK (typeof(by) = 'text')
);
CREATE TABLE entries (
    phone INTEGER NOT NULL CHECK (typeof(phone) = 'integer' AND phone BETWEEN 1000000 AND 999999999999999),
    number INTEGER NOT NULL CHECK (typeof(number) = 'integer'),
    suppressed INTEGER NOT NULL CHECK (suppressed IN (0, 1)), PRIMARY KEY (phone, number)
) WITHOUT ROWID;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
COMMIT;
"""
"""A change is what one call changed: its time and words stand once, and its entries have the numbers from ``first`` to
``end``. A phone number is its digits, so that a million entries are one tree of some 17 bytes each; the last entry
about a number is one look into that. No table says who is suppressed now: two that tell the same could disagree."""

_LOST: Final = "SELECT (SELECT count(*) FROM entries) <> (SELECT coalesce(sum(end - first), 0) FROM changes)"

LIST_FILE: Final = StoreKind(
    "suppression list",
    lambda message, passing: SuppressionStoreError(message, temporary=passing),
    "Restore it from a copy: without it, whoever said no would be texted again.",
    APPLICATION_ID,
    VERSION,
    _SCHEMA,
    {1: _ID},
)


@final
class ListFile(StoreFile):
    """The open file of a ``SQLiteSuppression``."""

    kind = LIST_FILE

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One look at the file as it stands now, for the length of a ``with`` block; nothing is written.

        So it waits for nobody who writes, and holds up nobody.
        """
        with self._explained():
            self._db.execute("BEGIN")
            try:
                self._check_place()
                yield self._db
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def suppressed(self, phones: Sequence[str]) -> Iterable[str]:
        """The suppressed ones of ``phones`` (E.164)."""
        with self.reading() as db:
            return [phone for phone in phones if _is_suppressed(db, _digits(phone))]

    def list_id(self) -> str:
        """The random id that this list has had since it was made; a copy has it, too."""
        with self.reading() as db:
            found: str = db.execute("SELECT id FROM list").fetchone()[0]
            return found

    def change(self, change: SuppressionChange, at_us: int) -> int:
        """Make an entry for each number that it changes anything for, durably; gives how many these are."""
        adds = change.kind is EntryKind.ADDED
        with self.transaction(durable=True) as (db, _):
            asked = sorted(enumerate(map(_digits, change.phones)), key=lambda one: one[1])  # as they lie in the file
            changed = sorted(one for one in asked if _is_suppressed(db, one[1]) is not adds)
            if changed:
                first = db.execute("SELECT coalesce(max(end), 0) FROM changes").fetchone()[0]
                rows = sorted((phone, first + at, adds) for at, (_, phone) in enumerate(changed))
                db.executemany("INSERT INTO entries VALUES (?, ?, ?)", rows)
                values = (first, first + len(changed), at_us, change.why, change.by)
                db.execute("INSERT INTO changes VALUES (?, ?, ?, ?, ?)", values)
            return len(changed)

    def entries(self, phone: str | None) -> list[SuppressionEntry]:
        """All entries, or those about one number in E.164, in the order in which they were made."""
        where, values = ("", ()) if phone is None else ("WHERE phone = ?", (_digits(phone),))
        with self.reading() as db:
            rows = db.execute(f"SELECT number, phone, suppressed FROM entries {where} ORDER BY number", values)  # noqa: S608 - words of ours
            return list(_told(rows, db.execute("SELECT * FROM changes ORDER BY first")))

    def _check_rows(self, db: sqlite3.Connection) -> None:
        """Refuse a file from which entries were taken; what each row may hold is checked with the rest."""
        if db.execute("SELECT count(*) FROM list").fetchone() != (1,):
            raise sqlite3.DataError("its id is missing")
        if db.execute(_LOST).fetchone() != (0,):
            raise sqlite3.DataError("entries are missing, or are nobody's")


def _digits(phone: str) -> int:
    return int(phone[1:])


def _is_suppressed(db: sqlite3.Connection, phone: int) -> bool:
    last = db.execute("SELECT suppressed FROM entries WHERE phone = ? ORDER BY number DESC LIMIT 1", (phone,))
    return bool(last.fetchone() == (1,))


def _told(
    rows: Iterable[tuple[int, int, int]], changes: Iterator[tuple[int, int, int, str, str]]
) -> Iterator[SuppressionEntry]:
    """The entries of ``rows``, each with what its change says; both by number."""
    end, time, why, by = 0, moment_of(0), "", ""
    for number, phone, suppressed in rows:
        while number >= end:
            try:
                _, end, at_us, why, by = next(changes)
                time = moment_of(at_us)
            except (StopIteration, OverflowError):
                raise sqlite3.DataError("an entry has lost its time") from None
        yield SuppressionEntry(f"+{phone}", time, EntryKind.ADDED if suppressed else EntryKind.REMOVED, why, by)
