"""The tables of a ledger, and the rules that its file keeps by itself.

The file refuses a move that is not in ``states.MOVES`` and a change of what is only ever appended, whoever asks, and
keeps the counts by state and code, so that nobody has to go through a million rows for them. A recipient's ``id`` is
its place in the input, from 0; ``texts.id`` is the recipient that had the text first. Times are microseconds since
1970. ``session`` says whether all that is known stands in the main file (``closed``): while it does not, the file is
worth nothing without its ``-wal``. ``place`` is where it was when it was last written to. ``progress`` counts all
changes; it is written with each of them, so that it stands in the ``-wal``, and its ``era`` is that of ``session``,
which stands in the main file, only if the two belong together.
"""

from __future__ import annotations

from typing import Final

from .states import MOVES, State

APPLICATION_ID: Final = 0x43534D53
"""SQLite's place for saying whose file it is: "CSMS"."""

VERSION: Final = 2
"""The schema's version. A ledger of version 1 is brought up to it when opened; one of a newer version is refused."""

_STATES: Final = " OR ".join(f"state = '{state}'" for state in State)  # an IN makes every insertion twice as slow
_PAIRS: Final = sorted({(state, to) for (state, _), to in MOVES.items() if state is not None})
_MOVES: Final = " OR ".join(f"(OLD.state = '{state}' AND NEW.state = '{to}')" for state, to in _PAIRS)
_KEPT: Final = ("input", "texts", "attempts", "answers", "resolutions")


def _appended(table: str) -> str:
    """The triggers that keep what is in a table."""
    return "\n".join(
        f"CREATE TRIGGER kept_{table}_{verb} BEFORE {verb} ON {table}"
        f" BEGIN SELECT raise(ABORT, '{table} are only ever appended'); END;"
        for verb in ("UPDATE", "DELETE")
    )


SINCE_VERSION_2: Final = f"""
CREATE TABLE session (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    ledger TEXT NOT NULL,
    closed INTEGER NOT NULL,
    place TEXT,
    era TEXT NOT NULL
);
INSERT INTO session VALUES (1, lower(hex(randomblob(16))), 1, NULL, '');
CREATE TABLE progress (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    era TEXT NOT NULL,
    changes INTEGER NOT NULL
);
INSERT INTO progress VALUES (1, '', 0);
CREATE TABLE suppressed (
    phone TEXT NOT NULL,
    source TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (phone, source)
) WITHOUT ROWID;
ALTER TABLE attempts ADD COLUMN deadline_us INTEGER NOT NULL DEFAULT 0;
{_appended("suppressed")}
PRAGMA user_version = {VERSION};
"""  # noqa: S608 - made of our own words
"""What brings a ledger of version 1 up to date."""

SCHEMA: Final = f"""
CREATE TABLE input (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    hash TEXT NOT NULL,
    template TEXT,
    recipients INTEGER NOT NULL,
    added_us INTEGER NOT NULL,
    rehearsal INTEGER NOT NULL
);
CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL
);
CREATE TABLE recipients (
    id INTEGER PRIMARY KEY,
    phone TEXT NOT NULL,
    text_id INTEGER,
    segments INTEGER NOT NULL,
    state TEXT NOT NULL CHECK ({_STATES}),
    code TEXT NOT NULL DEFAULT '',
    error TEXT,
    message_id TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    attempt_id INTEGER,
    updated_us INTEGER NOT NULL
);
CREATE TABLE counts (
    state TEXT NOT NULL,
    code TEXT NOT NULL,
    recipients INTEGER NOT NULL,
    segments INTEGER NOT NULL,
    PRIMARY KEY (state, code)
) WITHOUT ROWID;
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    began_us INTEGER NOT NULL,
    recipients INTEGER NOT NULL,
    ids TEXT NOT NULL,
    credits_before TEXT
);
CREATE TABLE answers (
    attempt_id INTEGER PRIMARY KEY,
    ended_us INTEGER NOT NULL,
    status_code INTEGER,
    accepted INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    unsent INTEGER NOT NULL,
    error TEXT,
    credits_after TEXT
);
CREATE TABLE resolutions (
    id INTEGER PRIMARY KEY,
    at_us INTEGER NOT NULL,
    by TEXT NOT NULL,
    becomes TEXT NOT NULL,
    recipients INTEGER NOT NULL,
    ids TEXT NOT NULL
);
CREATE TRIGGER moves_of_the_table BEFORE UPDATE OF state ON recipients WHEN NOT ({_MOVES})
BEGIN SELECT raise(ABORT, 'the ledger has no such move'); END;
CREATE TRIGGER counted AFTER UPDATE OF state, code ON recipients BEGIN
    UPDATE counts SET recipients = recipients - 1, segments = segments - OLD.segments
        WHERE state = OLD.state AND code = OLD.code;
    INSERT INTO counts VALUES (NEW.state, NEW.code, 1, NEW.segments) ON CONFLICT DO UPDATE
        SET recipients = recipients + 1, segments = segments + NEW.segments;
END;
CREATE TRIGGER frozen BEFORE UPDATE OF id, phone, text_id, segments ON recipients
BEGIN SELECT raise(ABORT, 'what was added is frozen'); END;
CREATE TRIGGER kept_recipients BEFORE DELETE ON recipients
BEGIN SELECT raise(ABORT, 'recipients are never removed'); END;
{" ".join(map(_appended, _KEPT))}
PRAGMA application_id = {APPLICATION_ID};
{SINCE_VERSION_2}"""  # noqa: S608 - made of our own words
