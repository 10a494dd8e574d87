"""The output of where a campaign was moved to or from: lines for people, JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...campaign.move_states import why_away
from ...campaign.refusals import refusal
from ..formats import plain, utc_time

if TYPE_CHECKING:
    from ...campaign.move_states import LedgerMove
    from .ledger_place import LedgerPlace


def move_object(last: LedgerMove | None) -> dict[str, Any] | None:
    """What a ledger says last of its move, for programs; ``None`` if the campaign was never moved."""
    if last is None:
        return None
    return {
        "state": last.state.value,
        "place": last.place,
        "since": utc_time(last.at_us / 1e6),
        "by": last.by,
        "runnable": why_away(last) is None,
    }


def move_lines(last: LedgerMove | None) -> list[str]:
    """Why a ledger may only be read, for people: no line at all if it may be run."""
    why = why_away(last)
    return [] if why is None else [plain(why)]


def refuse_if_moved(ledger: LedgerPlace, last: LedgerMove | None) -> None:
    """Raise ``LedgerError`` for a ledger that may only be read, before anybody is asked whether to run it."""
    if (why := why_away(last)) is not None:
        raise refusal(ledger.name, why)
