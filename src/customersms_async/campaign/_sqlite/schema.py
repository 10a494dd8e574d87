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

from typing import TYPE_CHECKING, Final

from .. import wanted_states
from ..states import ONLY_AFTER_AN_ATTEMPT, ONLY_WITH_CODE, TRANSITIONS, State
from ..wanted_states import GUARDED, NOT_AFTER_A_PERSON, Wanted, WantedEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

APPLICATION_ID: Final = 0x43534D53
"""SQLite's place for saying whose file it is: "CSMS"."""

VERSION: Final = 4
"""The schema's version. A ledger of version 1 is brought up to it when opened, a later one when first changed.

One of a newer version is refused.
"""

SESSIONS_SINCE: Final = 2
"""The version from which on the main file says whether all that is known stands in it."""

_STATES: Final = " OR ".join(f"state = '{state}'" for state in State)  # an IN makes every insertion twice as slow
_PAIRS: Final = sorted({(state, to) for (state, _), to in TRANSITIONS.items() if state is not None})
_CODES: Final = {(state.value, to.value): codes for (state, to), codes in ONLY_WITH_CODE.items()}
_PAIRS_UNTIL_VERSION_2: Final = (
    *(("planned", to) for to in ("sending", "skipped")),
    ("rejected", "planned"),
    *(("sending", to) for to in ("accepted", "planned", "rejected", "unknown")),
    *(("unknown", to) for to in ("accepted", "planned")),
)
_PAIRS_OF_VERSION_3: Final = tuple(
    sorted({*_PAIRS_UNTIL_VERSION_2, ("planned", "accepted"), ("skipped", "planned"), ("unknown", "rejected")})
)
_CODES_OF_VERSION_3: Final = {("skipped", "planned"): ("CAPPED",), ("unknown", "rejected"): ("INTERRUPTED",)}
_KEPT: Final = ("input", "texts", "attempts", "answers", "resolutions")


def _transitions(pairs: Iterable[tuple[str, str]], codes: Mapping[tuple[str, str], Sequence[str]]) -> str:
    """The trigger that refuses all transitions but these, and some of them without one of these ``codes``."""
    allowed = " OR ".join(
        f"(OLD.state = '{state}' AND NEW.state = '{to}'{_only(state, to, codes.get((state, to), ()))})"
        for state, to in pairs
    )
    return (
        f"CREATE TRIGGER moves_of_the_table BEFORE UPDATE OF state ON recipients WHEN NOT ({allowed})"
        " BEGIN SELECT raise(ABORT, 'the ledger has no such move'); END"
    )


def _only(state: str, to: str, codes: Sequence[str]) -> str:
    if (State(state), State(to)) in ONLY_AFTER_AN_ATTEMPT:
        return " AND OLD.attempt_id IS NOT NULL AND OLD.attempts > 0"
    any_of = " OR ".join(f"OLD.code = '{code}'" for code in codes)
    return "" if not codes else f" AND {any_of}" if len(codes) == 1 else f" AND ({any_of})"


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
PRAGMA user_version = 2;
"""  # noqa: S608 - made of our own words
"""What makes version 2 of a ledger of version 1."""


def _wanted_transitions() -> str:
    """The trigger that refuses what is no transition of what is wanted, and to want a run without terms."""
    first = " OR ".join(_wanted_transition(event, step.to) for (was, event), step in _WANTED if was is None)
    later = " OR ".join(
        f"(o.state = '{was}'{_of_a_guard(was, event)} AND {_wanted_transition(event, step.to)})"
        for (was, event), step in _WANTED
        if was is not None
    )
    return (
        "CREATE TRIGGER IF NOT EXISTS moves_of_what_is_wanted AFTER INSERT ON wanted"  # noqa: S608 - made of our own words
        f" WHEN (NEW.state = '{Wanted.RUN}' AND NEW.terms_id IS NULL)"
        " OR EXISTS (SELECT 1 FROM wanted WHERE id > NEW.id)"
        f" OR NOT coalesce((SELECT {later} FROM wanted AS o WHERE o.id < NEW.id ORDER BY o.id DESC LIMIT 1), {first})"
        " BEGIN SELECT raise(ABORT, 'nothing in the ledger leads to wanting that'); END"
    )


_WANTED: Final = tuple(wanted_states.TRANSITIONS.items())


def _wanted_transition(event: WantedEvent, to: Wanted) -> str:
    return f"(NEW.event = '{event}' AND NEW.state = '{to}' AND NEW.guard {'<>' if event in GUARDED else '='} '')"


def _of_a_guard(was: Wanted, event: WantedEvent) -> str:
    return " AND o.guard <> ''" if (was, event) in NOT_AFTER_A_PERSON else ""


def _kept(table: str) -> tuple[str, ...]:
    """The triggers that keep what is in a table that a ledger may have already."""
    return tuple(
        f"CREATE TRIGGER IF NOT EXISTS kept_{table}_{verb} BEFORE {verb} ON {table}"
        f" BEGIN SELECT raise(ABORT, '{table} are only ever appended'); END"
        for verb in ("UPDATE", "DELETE")
    )


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
    _transitions(_PAIRS_OF_VERSION_3, _CODES_OF_VERSION_3),
    _TERMS_TABLE,
    _WANTED_TABLE,
    _wanted_transitions(),
    *_kept("terms"),
    *_kept("wanted"),
    _DOUBLES_TABLE,
    *_kept("doubles"),
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
    _transitions(_PAIRS, _CODES),
    _ADDITIONS_TABLE,
    *_kept("additions"),
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
    *_kept("origins"),
)
"""Where recipients stand in their file, and what was kept of their rows (a JSON object), if there is a file."""

ZONES: Final = (
    "CREATE TABLE IF NOT EXISTS zones (id INTEGER PRIMARY KEY, zone TEXT NOT NULL)",
    *_kept("zones"),
)
"""The time zones of recipients who have brought one of their own."""

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
{_transitions(_PAIRS_UNTIL_VERSION_2, {})};
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
PRAGMA user_version = 1;
"""  # noqa: S608 - made of our own words
"""The first tables, as they were."""

SCHEMA: Final = f"{VERSION_1}{UPGRADE}"
"""What makes an empty ledger; every trigger that a campaign has ever made stands in it."""
