"""The triggers by which a ledger's file refuses what no campaign does, made of the tables that the code goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .. import wanted_states
from ..states import ONLY_AFTER_AN_ATTEMPT, State
from ..wanted_states import GUARDED, NOT_AFTER_A_PERSON, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..wanted_states import WantedEvent

_WANTED: Final = tuple(wanted_states.TRANSITIONS.items())


def transitions_trigger(pairs: Iterable[tuple[str, str]], codes: Mapping[tuple[str, str], Sequence[str]]) -> str:
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


def wanted_trigger() -> str:
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


def _wanted_transition(event: WantedEvent, to: Wanted) -> str:
    return f"(NEW.event = '{event}' AND NEW.state = '{to}' AND NEW.guard {'<>' if event in GUARDED else '='} '')"


def _of_a_guard(was: Wanted, event: WantedEvent) -> str:
    return " AND o.guard <> ''" if (was, event) in NOT_AFTER_A_PERSON else ""


def append_only_triggers(table: str) -> str:
    """The triggers of a new table that refuse to change or remove its rows."""
    return "\n".join(
        f"CREATE TRIGGER kept_{table}_{verb} BEFORE {verb} ON {table}"
        f" BEGIN SELECT raise(ABORT, '{table} are only ever appended'); END;"
        for verb in ("UPDATE", "DELETE")
    )


def append_only_triggers_if_missing(table: str) -> tuple[str, ...]:
    """The triggers that refuse to change or remove the rows of a table, for a ledger that may have them already."""
    return tuple(
        f"CREATE TRIGGER IF NOT EXISTS kept_{table}_{verb} BEFORE {verb} ON {table}"
        f" BEGIN SELECT raise(ABORT, '{table} are only ever appended'); END"
        for verb in ("UPDATE", "DELETE")
    )
