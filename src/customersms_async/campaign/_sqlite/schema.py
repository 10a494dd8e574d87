"""The tables of a ledger, and the rules that its file keeps by itself.

The file refuses a transition that is not in ``states.TRANSITIONS``, and a change of what is only ever appended. It
keeps the counts by state and code, so that nobody has to go through a million rows for them. A recipient's ``id`` is
its place in the input, from 0; an ``id`` in ``texts`` is the recipient that had the text first. Times are
microseconds since 1970. ``session`` says whether all that is known stands in the main file (``closed``): while it
does not, the file is worth nothing without its ``-wal``. ``place`` is where it was when it was last written to.
``progress`` counts all changes; it is written with each of them, so that it stands in the ``-wal``, and its ``era``
is that of ``session``, which stands in the main file, only if the two belong together. ``doubles`` are recipients (by
their ``id``) of whom a late answer says that an attempt was accepted after which another one had begun. ``additions``
are recipients that came together, the first input too: those from the id ``first`` on, as many as it says.
"""

from __future__ import annotations

from typing import Final

from ..states import ONLY_WITH_CODE, TRANSITIONS
from ..wanted_states import Wanted, WantedEvent
from .first_tables import PAIRS_UNTIL_VERSION_2, VERSION_1
from .triggers import append_only_triggers, append_only_triggers_if_missing, transitions_trigger, wanted_trigger

VERSION: Final = 4
"""The schema's version. A ledger of version 1 is brought up to it when opened, a later one when first changed.

One of a newer version is refused.
"""

SESSIONS_SINCE: Final = 2
"""The version from which on the main file says whether all that is known stands in it."""

_PAIRS: Final = sorted({(state, to) for (state, _), to in TRANSITIONS.items() if state is not None})
_CODES: Final = {(state.value, to.value): codes for (state, to), codes in ONLY_WITH_CODE.items()}
_PAIRS_OF_VERSION_3: Final = tuple(
    sorted({*PAIRS_UNTIL_VERSION_2, ("planned", "accepted"), ("skipped", "planned"), ("unknown", "rejected")})
)
_CODES_OF_VERSION_3: Final = {("skipped", "planned"): ("CAPPED",), ("unknown", "rejected"): ("INTERRUPTED",)}


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
{append_only_triggers("suppressed")}
PRAGMA user_version = 2;
"""  # noqa: S608 - made of our own words
"""What makes version 2 of a ledger of version 1."""


_TERMS_TABLE: Final = """
CREATE TABLE IF NOT EXISTS terms (
    id INTEGER PRIMARY KEY,
    at_us INTEGER NOT NULL,
    terms TEXT NOT NULL
)"""
_WANTED_TABLE: Final = """
CREATE TABLE IF NOT EXISTS wanted (
    id INTEGER PRIMARY KEY,
    at_us INTEGER NOT NULL,
    state TEXT NOT NULL,
    event TEXT NOT NULL,
    by TEXT NOT NULL,
    guard TEXT NOT NULL,
    why TEXT NOT NULL,
    terms_id INTEGER
)"""
_DOUBLES_TABLE: Final = """
CREATE TABLE IF NOT EXISTS doubles (
    attempt_id INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    ended_us INTEGER NOT NULL,
    PRIMARY KEY (attempt_id, recipient)
)"""
_WANTED_BEFORE: Final = (
    "INSERT INTO wanted (at_us, state, event, by, guard, why)"  # noqa: S608 - our own words
    f" SELECT added_us, '{Wanted.DRAFT}', '{WantedEvent.ADDED}', '', '', ''"
    " FROM input WHERE NOT EXISTS (SELECT 1 FROM wanted)"
)
"""A ledger that was filled by an older version is a draft: the next run of a person's program goes on."""

_SINCE_VERSION_3: Final = (
    "DROP TRIGGER IF EXISTS moves_of_the_table",
    transitions_trigger(_PAIRS_OF_VERSION_3, _CODES_OF_VERSION_3),
    _TERMS_TABLE,
    _WANTED_TABLE,
    wanted_trigger(),
    *append_only_triggers_if_missing("terms"),
    *append_only_triggers_if_missing("wanted"),
    _DOUBLES_TABLE,
    *append_only_triggers_if_missing("doubles"),
    _WANTED_BEFORE,
    "PRAGMA user_version = 3",
)
"""What makes version 3 of a ledger of version 2."""

_ADDITIONS_TABLE: Final = """
CREATE TABLE IF NOT EXISTS additions (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    hash TEXT NOT NULL,
    added_us INTEGER NOT NULL,
    by TEXT NOT NULL,
    recipients INTEGER NOT NULL,
    first INTEGER NOT NULL
)"""
_ADDED_BEFORE: Final = (
    "INSERT INTO additions (source, hash, added_us, by, recipients, first)"  # noqa: S608 - our own words
    " SELECT '', hash, added_us,"
    f" coalesce((SELECT by FROM wanted WHERE event = '{WantedEvent.ADDED}' ORDER BY id LIMIT 1), ''), recipients, 0"
    " FROM input WHERE NOT EXISTS (SELECT 1 FROM additions)"
)
"""The input of a ledger that was filled by an older version is its first addition."""

UPDATES: Final = (
    *_SINCE_VERSION_3,
    "DROP TRIGGER IF EXISTS moves_of_the_table",
    transitions_trigger(_PAIRS, _CODES),
    _ADDITIONS_TABLE,
    *append_only_triggers_if_missing("additions"),
    _ADDED_BEFORE,
    f"PRAGMA user_version = {VERSION}",
)
"""What brings a ledger of version 2 or later up to date; for one that is, it makes again what is missing."""

UPGRADE: Final = f"{SINCE_VERSION_2}{'; '.join(UPDATES)};"
"""What brings a ledger of version 1 up to date."""

TRIGGERS: Final = frozenset(
    {
        "moves_of_the_table",
        "moves_of_what_is_wanted",
        *(
            f"kept_{table}_{verb}"
            for table in ("terms", "wanted", "doubles", "additions")
            for verb in ("UPDATE", "DELETE")
        ),
    }
)
"""The names of the triggers that it has since version 3."""

ORIGINS: Final = (
    "CREATE TABLE IF NOT EXISTS origins (id INTEGER PRIMARY KEY, line INTEGER NOT NULL, kept TEXT)",
    *append_only_triggers_if_missing("origins"),
)
"""Where recipients stand in their file, and what was kept of their rows (a JSON object), if there is a file."""

ZONES: Final = (
    "CREATE TABLE IF NOT EXISTS zones (id INTEGER PRIMARY KEY, zone TEXT NOT NULL)",
    *append_only_triggers_if_missing("zones"),
)
"""The time zones of recipients who have brought one of their own."""

SCHEMA: Final = f"{VERSION_1}{UPGRADE}"
"""What makes an empty ledger; every trigger that a campaign has ever made stands in it."""
