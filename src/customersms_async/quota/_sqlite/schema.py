"""The tables of a ``SQLiteQuota``'s file, and how a file of an earlier version gets them."""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x43534D51  # "CSMQ"
VERSION: Final = 3
"""1 knew nothing of what was cut from the log, and 2 nothing of caps."""

_STEPS: Final = """
CREATE TABLE steps (
    key INTEGER NOT NULL, end INTEGER NOT NULL, newest_us INTEGER NOT NULL, PRIMARY KEY (key, end)
) WITHOUT ROWID;
"""

_CLOCKS: Final = """
CREATE TABLE clocks (boot TEXT PRIMARY KEY, up_us INTEGER NOT NULL, now_us INTEGER NOT NULL) WITHOUT ROWID;
"""

_CLOCK: Final = """
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1), boot TEXT NOT NULL, up_us INTEGER NOT NULL, wall_us INTEGER NOT NULL,
    now_us INTEGER NOT NULL
);
"""

_CAPS: Final = """
CREATE TABLE cap_spaces (
    space INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, longest_us INTEGER NOT NULL DEFAULT 0,
    swept INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE cap_scopes (
    scope INTEGER PRIMARY KEY, space INTEGER NOT NULL, hash BLOB NOT NULL, texts INTEGER NOT NULL DEFAULT 0,
    UNIQUE (space, hash)
);
CREATE TABLE cap_texts (
    scope INTEGER NOT NULL, at_us INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY (scope, at_us, id)
) WITHOUT ROWID;
CREATE TABLE cap_again (
    space INTEGER NOT NULL, again BLOB NOT NULL, id BLOB NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (space, again)
) WITHOUT ROWID;
CREATE INDEX cap_again_by_time ON cap_again (space, at_us);
"""
"""``texts`` counts the rows of a scope, and is never 0; ``swept`` is the scope that was looked at last for old rows."""

CLOCKS: Final = f"{_CLOCK}{_CLOCKS}"
"""What ``file_time_us`` keeps, in every file of a store."""

SCHEMA: Final = f"""
BEGIN;
{_CLOCK}CREATE TABLE keys (
    key INTEGER PRIMARY KEY, key_id TEXT NOT NULL UNIQUE, paused_us INTEGER NOT NULL DEFAULT 0,
    longest_us INTEGER NOT NULL DEFAULT 0, last_id INTEGER NOT NULL DEFAULT 0, held INTEGER NOT NULL DEFAULT 0,
    first INTEGER NOT NULL DEFAULT 0, end INTEGER NOT NULL DEFAULT 0, rest INTEGER NOT NULL DEFAULT 0,
    began_us INTEGER NOT NULL DEFAULT 0
);
{_STEPS}{_CLOCKS}
CREATE TABLE settled (
    key INTEGER NOT NULL, number INTEGER NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (key, number)
) WITHOUT ROWID;
CREATE TABLE held (
    key INTEGER NOT NULL, id INTEGER NOT NULL, lapse_us INTEGER NOT NULL, PRIMARY KEY (key, id)
) WITHOUT ROWID;
CREATE INDEX held_by_lapse ON held (key, lapse_us, id);
{_CAPS}PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
COMMIT;
"""

_FROM_VERSION_1: Final = """
ALTER TABLE keys ADD COLUMN rest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN began_us INTEGER NOT NULL DEFAULT 0;
UPDATE keys SET rest = first;
INSERT INTO steps SELECT key, first, max(0, min(
    (SELECT now_us FROM clock) - longest_us,
    coalesce((SELECT at_us FROM settled WHERE settled.key = keys.key AND number = first), 1 << 62)
)) FROM keys WHERE first > 0;
UPDATE clock SET boot = '';
"""
"""How many requests were cut is known, and that none of them is in a window of those asked for so far. Its clock may
have been that of a time namespace."""

CHANGES: Final = {1: f"{_STEPS}{_CLOCKS}{_FROM_VERSION_1}{_CAPS}", 2: _CAPS}
"""What brings a file of a version to this one."""
