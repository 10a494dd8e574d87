"""The campaigns in one place: all ledgers' files of a folder, or all campaigns of a database."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import LedgerError
from ._sqlite.first_tables import APPLICATION_ID
from .ledger_opening import is_address, open_ledger
from .move_states import why_away
from .refusals import refusal
from .state_counts import by_state

if TYPE_CHECKING:
    from .rows import RunningNow
    from .states import State

_MARK: Final = APPLICATION_ID.to_bytes(4, "big")
_MARK_AT: Final = 68
"""Where SQLite has its application's mark, in bytes from the file's beginning."""

_HEADER: Final = b"SQLite format 3\0"


class ListedCampaign(NamedTuple):
    """One campaign: its name there, what is wanted of it, and the guard that stopped it, if one did.

    ``wanted`` is ``None`` if nobody was added, or the ledger can't be used: then ``problem`` says why. ``running`` is
    who runs it; ``None``: nobody. ``away`` says where the campaign is in place of here, if it has moved or is moving.
    """

    name: str
    wanted: str | None
    guard: str | None
    counts: dict[State, int]
    running: RunningNow | None
    away: str | None = None
    problem: str | None = None


async def campaigns_in(place: str) -> list[ListedCampaign]:
    """All campaigns in the folder or the database ``place``, by name, without disturbing any run; no other files.

    Raises ``LedgerError`` for a place that can't be read, and ``ConfigurationError`` for what can be none.
    """
    if is_address(place):
        from ._postgres.database_place import read_database
        from ._postgres.listing import listed

        return await listed(read_database(place))
    folder = Path(place)
    try:
        paths = await asyncio.to_thread(_ledgers, folder)
    except OSError as error:
        raise refusal(folder, error.strerror or str(error)) from None
    return [await _look(path) for path in paths]


def _ledgers(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_file() and _is_ledger(path)]


def _is_ledger(path: Path) -> bool:
    """Whether the file says that it is a ledger; before this process opens any, as closing it gives up all locks."""
    try:
        with path.open("rb") as file:
            head = file.read(_MARK_AT + len(_MARK))
    except OSError:
        return False
    return head.startswith(_HEADER) and head[_MARK_AT:] == _MARK


async def _look(path: Path) -> ListedCampaign:
    counts = by_state(())
    try:
        ledger = await open_ledger(path, create=False)
        try:
            now, running, moves = await ledger.wanted(), await ledger.running(), await ledger.moves()
            counts = by_state(await ledger.counts())
        finally:
            await ledger.close()
    except LedgerError as error:
        return ListedCampaign(path.name, None, None, counts, None, problem=str(error))
    guard = (now.guard or None) if now is not None else None
    away = why_away(moves[-1] if moves else None)
    return ListedCampaign(path.name, None if now is None else now.state.value, guard, counts, running, away)
