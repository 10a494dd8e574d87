"""The first tables of a ledger, as version 1 had them; ``schema`` has what later versions brought."""

from __future__ import annotations

from typing import Final

from ..states import State
from .triggers import append_only_triggers, transitions_trigger

APPLICATION_ID: Final = 0x43534D53
"""SQLite's place for saying whose file it is: "CSMS"."""

_STATES: Final = " OR ".join(f"state = '{state}'" for state in State)  # an IN makes every insertion twice as slow
PAIRS_UNTIL_VERSION_2: Final = (
    *(("planned", to) for to in ("sending", "skipped")),
    ("rejected", "planned"),
    *(("sending", to) for to in ("accepted", "planned", "rejected", "unknown")),
    *(("unknown", to) for to in ("accepted", "planned")),
)
"""The transitions that a ledger of version 1 or 2 knows."""

_KEPT: Final = ("input", "texts", "attempts", "answers", "resolutions")

VERSION_1: Final = f"""
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
{transitions_trigger(PAIRS_UNTIL_VERSION_2, {})};
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
{" ".join(map(append_only_triggers, _KEPT))}
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = 1;
"""  # noqa: S608 - made of our own words
"""What makes a ledger of version 1."""
