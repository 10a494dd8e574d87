"""The open file of a ``SQLiteIdempotency``, and its rows."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final, final

import msgspec

from ..._core.idempotency_record import SPENT_US, KeyRecord, as_of
from ..._core.idempotency_states import UNSURE, KeyState
from ...errors import IdempotencyStoreError
from ...quota._sqlite.file import StoreFile
from ...quota._sqlite.file_place import StoreKind
from ...quota._sqlite.schema import CLOCKS

if TYPE_CHECKING:
    from collections.abc import Iterable

APPLICATION_ID: Final = 0x43534D49  # "CSMI"
VERSION: Final = 1

_FIELDS: Final = ", ".join(KeyRecord.__struct_fields__)
_OPEN: Final = ", ".join(str(int(state)) for state in (KeyState.CLAIMED, *UNSURE))
_DROPPED: Final = 8
"""Keys dropped with each claim, at most: more than one batch brings on average, and few, so that none waits."""

_SCHEMA: Final = f"""
BEGIN;
{CLOCKS}
CREATE TABLE keys (
    space BLOB NOT NULL, key BLOB NOT NULL, state INTEGER NOT NULL, claim BLOB NOT NULL, content BLOB NOT NULL,
    began_us INTEGER NOT NULL, deadline_us INTEGER NOT NULL, ended_us INTEGER NOT NULL, outcome BLOB NOT NULL,
    label TEXT NOT NULL, by TEXT NOT NULL, PRIMARY KEY (space, key)
) WITHOUT ROWID;
CREATE INDEX keys_by_end ON keys (space, ended_us);
CREATE INDEX keys_given_back ON keys (space, ended_us) WHERE state = 0 AND by = '';
CREATE INDEX keys_open ON keys (space) WHERE state IN ({_OPEN});
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
COMMIT;
"""

KEY_FILE: Final = StoreKind(
    "idempotency file",
    lambda message, passing: IdempotencyStoreError(message, temporary=passing),
    "Restore it; or delete it, with its -wal and -shm files, to start with no keys: what was sent under one may be sent"
    " again then.",
    APPLICATION_ID,
    VERSION,
    _SCHEMA,
)


@final
class KeyFile(StoreFile):
    """The open file of a ``SQLiteIdempotency``."""

    kind = KEY_FILE


@final
class KeptRows:
    """The keys of one namespace, in one transaction; they are kept for ``keep_us``."""

    def __init__(self, db: sqlite3.Connection, space: bytes, keep_us: int) -> None:
        self._db, self._space, self._keep_us = db, space, keep_us

    def read(self, key: bytes, now_us: int) -> KeyRecord | None:
        """The record of a key as it stands now."""
        query = f"SELECT {_FIELDS} FROM keys WHERE space = ? AND key = ?"  # noqa: S608 - names of ours
        row = self._db.execute(query, (self._space, key)).fetchone()
        return None if row is None else as_of(_record(row), now_us, self._keep_us)

    def write(self, key: bytes, record: KeyRecord) -> None:
        """Keep a record."""
        values = (self._space, key, *msgspec.structs.astuple(record))
        self._db.execute("INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def unsure(self, now_us: int) -> Iterable[tuple[bytes, KeyRecord]]:
        """The keys whose texts may have been sent."""
        query = f"SELECT key, {_FIELDS} FROM keys WHERE space = ? AND state IN ({_OPEN})"  # noqa: S608 - names of ours
        for key, *row in self._db.execute(query, (self._space,)).fetchall():
            record = as_of(_record(tuple(row)), now_us, self._keep_us)
            if record is not None and record.state in UNSURE:
                yield key, record

    def drop(self, now_us: int) -> None:
        """Drop a few of those that were kept for long enough."""
        for where, until_us in (("TRUE", now_us - self._keep_us), ("state = 0 AND by = ''", now_us - SPENT_US)):
            query = f"SELECT key FROM keys WHERE space = ? AND ended_us <= ? AND {where}"  # noqa: S608 - words of ours
            old = self._db.execute(f"{query} ORDER BY ended_us LIMIT {_DROPPED}", (self._space, until_us))
            for (key,) in old.fetchall():
                self._db.execute("DELETE FROM keys WHERE space = ? AND key = ?", (self._space, key))


def _record(row: tuple[object, ...]) -> KeyRecord:
    try:
        return msgspec.convert(row, KeyRecord)
    except msgspec.ValidationError as error:
        raise sqlite3.DataError(f"a row is no key's: {error}") from None
