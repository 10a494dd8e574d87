"""An addition to a campaign that holds recipients already: judged by itself first, then fitted in behind the others.

Goal: repeats over the whole campaign, exact however large either is, while the ledger stays free for the run. So the
addition is judged in a file of its own, as an input is, and what the ledger holds is read into another one, of which
only what the addition has in common with it is kept. Cost: some 2 µs for each recipient and each text of the ledger,
and 8 µs for each that is added. Rejected: to judge within a transaction of the ledger, which would keep the run waiting
all the while; an index over phones, which every campaign would pay for.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final, Self, final

from ..._core.intake import REPEATED, REPEATED_NUMBER
from ...models import Code
from ..states import RecipientEvent, State, after
from .queries import has_table
from .typed_rows import only

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

FEW: Final = 5_000
"""Phones and texts that can be asked for by name; of more, all that the ledger has are looked through."""

_TABLES: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE recipients (
    id INTEGER PRIMARY KEY, phone TEXT, text_id INTEGER, segments INTEGER, state TEXT, code TEXT, error TEXT,
    message_id TEXT, attempts INTEGER, attempt_id INTEGER, updated_us INTEGER
);
CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT);
CREATE TABLE origins (id INTEGER PRIMARY KEY, line INTEGER, kept TEXT);
CREATE TABLE zones (id INTEGER PRIMARY KEY, zone TEXT);
CREATE TABLE asked_phones (phone TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE asked_texts (text TEXT PRIMARY KEY, judged INTEGER) WITHOUT ROWID;
CREATE TABLE known (phone TEXT, text_id INTEGER, PRIMARY KEY (phone, text_id)) WITHOUT ROWID;
CREATE TABLE known_texts (judged INTEGER PRIMARY KEY, id INTEGER);
CREATE TEMP TABLE repeats (id INTEGER PRIMARY KEY);
"""
_ASKED: Final = (
    "INSERT OR IGNORE INTO asked_phones SELECT phone FROM judged.recipients WHERE state = ?",
    "INSERT INTO asked_texts SELECT text, id FROM judged.texts",
)
_EMPTIED: Final = tuple(f"DELETE FROM {table}" for table in ("recipients", "texts", "origins", "zones"))  # noqa: S608
_REPEATS: Final = """
INSERT INTO temp.repeats
    SELECT j.id FROM judged.recipients j LEFT JOIN known_texts m ON m.judged = j.text_id
    WHERE j.state = :planned
    AND EXISTS (SELECT 1 FROM known k WHERE k.phone = j.phone AND (:one_per_number OR k.text_id = m.id))
"""
_LINES: Final = "CREATE TEMP VIEW lines AS SELECT id, line FROM judged.origins"
_NO_LINES: Final = "CREATE TEMP VIEW lines AS SELECT NULL AS id, NULL AS line"
_RECIPIENTS: Final = """
INSERT INTO recipients
    SELECT j.id + :offset, j.phone, coalesce(m.id, j.text_id + :offset), iif(d.id IS NULL, j.segments, 0),
        iif(d.id IS NULL, j.state, :skipped), iif(d.id IS NULL, j.code, :code),
        iif(d.id IS NULL, j.error, iif(o.line IS NULL, '', 'line ' || o.line || ': ') || :why),
        NULL, 0, NULL, j.updated_us
    FROM judged.recipients j LEFT JOIN known_texts m ON m.judged = j.text_id
    LEFT JOIN temp.repeats d ON d.id = j.id LEFT JOIN temp.lines o ON o.id = j.id
"""
_TEXTS: Final = (
    "INSERT INTO texts SELECT t.id + :offset, t.text FROM judged.texts t"
    " WHERE NOT EXISTS (SELECT 1 FROM known_texts m WHERE m.judged = t.id)"
)


@final
class FittedAddition:
    """The addition that was judged in the ledger's file ``judged``, which is closed; fitted in by the file ``path``.

    To be told what the ledger holds (``know``, ``know_texts``), then ``fit``, and told more if the ledger has grown.
    Belongs to one thread at a time. Mutable state: the connection, and the numbers that the ledger was seen to have.
    """

    def __init__(self, judged: Path, path: Path, *, one_per_number: bool) -> None:
        self.path = path
        self._one_per_number = one_per_number
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False, uri=True)
        self._file.executescript(_TABLES)
        self._file.execute("ATTACH ? AS judged", (f"{judged.as_uri()}?mode=ro&immutable=1",))
        self.hash, self.recipients = only(
            self._file.execute("SELECT hash, recipients FROM judged.input"), tuple[str, int]
        )
        has_lines = has_table(self._file, "origins", schema="judged")
        self._file.execute(_LINES if has_lines else _NO_LINES)
        self._file.execute(_ASKED[0], (after(None, RecipientEvent.ADDED),))
        self._file.execute(_ASKED[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def phones(self) -> list[str] | None:
        """The numbers of all who can be sent to; ``None`` if they are more than a ``FEW``."""
        return self._few("phone", "asked_phones")

    def texts(self) -> list[str] | None:
        """All different texts; ``None`` if they are more than a ``FEW``."""
        return self._few("text", "asked_texts")

    def know(self, recipients: Iterable[tuple[str, int]]) -> None:
        """Take note of recipients of the ledger: each one's phone, and the number of the text."""
        self._in_one(
            "INSERT OR IGNORE INTO known SELECT phone, text_id FROM (SELECT ? AS phone, ? AS text_id)"
            " WHERE phone IN asked_phones",
            recipients,
        )

    def know_texts(self, texts: Iterable[tuple[int, str]]) -> None:
        """Take note of texts of the ledger, each with its number."""
        self._in_one("INSERT OR IGNORE INTO known_texts SELECT judged, ? FROM asked_texts WHERE text = ?", texts)

    def fit(self, offset: int) -> None:
        """Write everyone as they are in a ledger that holds so many others: see ``recipients`` and the tables beside.

        Whoever is there already with the same text is a duplicate.
        """
        db = self._file
        values = {
            "offset": offset,
            "planned": State.PLANNED,
            "skipped": after(None, RecipientEvent.REFUSED),
            "code": Code.DUPLICATE,
            "one_per_number": self._one_per_number,
            "why": REPEATED_NUMBER if self._one_per_number else REPEATED,
        }
        db.execute("BEGIN")
        for statement in (*_EMPTIED, "DELETE FROM temp.repeats"):
            db.execute(statement)
        self._say(_REPEATS, values)
        self._say(_RECIPIENTS, values)
        self._say(_TEXTS, values)
        if has_table(db, "origins", schema="judged"):
            db.execute("INSERT INTO origins SELECT id + ?, line, kept FROM judged.origins", (offset,))
        if has_table(db, "zones", schema="judged"):
            db.execute("INSERT INTO zones SELECT id + ?, zone FROM judged.zones", (offset,))
        db.execute("COMMIT")

    def _say(self, statement: str, values: dict[str, object]) -> None:
        self._file.execute(statement, {name: value for name, value in values.items() if f":{name}" in statement})

    def _few(self, column: str, table: str) -> list[str] | None:
        rows = self._file.execute(f"SELECT {column} FROM {table} LIMIT ?", (FEW + 1,)).fetchall()  # noqa: S608 - ours
        return None if len(rows) > FEW else [text for (text,) in rows]

    def _in_one(self, statement: str, rows: Iterable[tuple[object, object]]) -> None:
        self._file.execute("BEGIN")
        with contextlib.ExitStack() as stack:
            stack.callback(self._file.execute, "COMMIT")
            self._file.executemany(statement, rows)
