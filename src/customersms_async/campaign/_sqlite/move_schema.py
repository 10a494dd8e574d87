"""The table of a campaign's moves in a ledger's file, and the rules that the file keeps of it by itself.

A ledger has it from its first move on, and most never do.
"""

from __future__ import annotations

from typing import Final

from ..move_states import FOLLOWS, MoveState


def _moves_of_the_ledger() -> str:
    """The trigger that refuses all that does not follow on what was said last of the campaign's move."""
    first = " OR ".join(f"NEW.state = '{state}'" for state in FOLLOWS[None])
    later = " OR ".join(
        f"(o.state = '{was}' AND NEW.state = '{state}'"
        f" AND NEW.move {'<>' if state is MoveState.LEAVING else '='} o.move)"
        for was, states in FOLLOWS.items()
        for state in sorted(states)
        if was is not None
    )
    return (
        "CREATE TRIGGER IF NOT EXISTS moves_in_their_order AFTER INSERT ON moves"  # noqa: S608 - made of our own words
        " WHEN EXISTS (SELECT 1 FROM moves WHERE id > NEW.id)"
        f" OR NOT coalesce((SELECT {later} FROM moves AS o WHERE o.id < NEW.id ORDER BY o.id DESC LIMIT 1), {first})"
        " BEGIN SELECT raise(ABORT, 'it does not follow on what was said of the move'); END"
    )


_MOVES_TABLE: Final = """
CREATE TABLE IF NOT EXISTS moves (
    id INTEGER PRIMARY KEY,
    at_us INTEGER NOT NULL,
    move TEXT NOT NULL,
    state TEXT NOT NULL,
    place TEXT NOT NULL,
    by TEXT NOT NULL,
    database TEXT NOT NULL DEFAULT '',
    copy TEXT NOT NULL DEFAULT ''
)"""

LATER: Final = {name: f"ALTER TABLE moves ADD COLUMN {name} TEXT NOT NULL DEFAULT ''" for name in ("database", "copy")}
"""What adds columns to the table of a ledger that was moved before they were known."""

MOVED: Final = (
    _MOVES_TABLE,
    _moves_of_the_ledger(),
    *(
        f"CREATE TRIGGER IF NOT EXISTS kept_moves_{verb} BEFORE {verb} ON moves"
        " BEGIN SELECT raise(ABORT, 'moves are only ever appended'); END"
        for verb in ("UPDATE", "DELETE")
    ),
)
"""Where the campaign was moved from and to, in a ledger that it was."""
