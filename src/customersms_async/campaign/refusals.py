"""Why a ledger can't be used, as a ``LedgerError``, whatever kind of ledger it is."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Final

from .._core.plural import counted
from ..errors import CampaignStoppedError, LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


CUT_OFF_US: Final = 600_000_000
"""How long after its deadline an attempt without an answer may not be made again, whatever a person says: its process
may be a stopped one that goes on, on a machine whose clock is minutes behind."""

JUST_TAKEN: Final = "another program has just made a campaign of that name there"
CHANGED: Final = "somebody else is moving it as well: look where it is, and give the command again"
"""Why nothing was changed at a place that a campaign is moved to."""


def refusal(name: Path | str, reason: str) -> LedgerError:
    """The error for a ledger that can't be used; ``name`` is what messages call it."""
    return LedgerError(f"{name}: {reason}", path=str(name))


@contextlib.contextmanager
def judged_apart(name: str) -> Iterator[None]:
    """Have what is wrong with the file in which recipients are judged first be an error of the ledger of this name."""
    try:
        yield
    except LedgerError as error:
        why = f"recipients are judged in a file of their own first, and that can't be used: {error}"
        raise refusal(name, why) from None


class MissingLedgerError(LedgerError):
    """There is no ledger at that place, nor may one be made."""


class RunElsewhereError(LedgerError):
    """Somebody else runs the campaign just now."""


class RunUnwantedError(CampaignStoppedError):
    """Nobody wants the campaign to run, so that no run began."""


class MisplacedLedgerError(LedgerError):
    """The ledger's files are not where they were opened: moved, deleted or replaced."""


class LedgerAwayError(LedgerError):
    """The ledger can't be reached just now, and whether a request's intent was made durable is not known."""


def may_be_sent_to(name: Path | str, count: int, until_us: int) -> LedgerError:
    """The error for so many recipients whom nobody may plan again yet, until then (microseconds since 1970)."""
    until = datetime.fromtimestamp(until_us / 1e6).astimezone()
    return refusal(
        name,
        f"{counted(count, 'of these recipients was', 'of these recipients were')} being sent to by a process that"
        " was cut off, and that may be stopped and go on: they can be planned again from"
        f" {until:%Y-%m-%d %H:%M:%S} on ({CUT_OFF_US // 60_000_000} minutes after their request's time is over)",
    )


def still_sent_to(name: Path | str, count: int, until_us: int) -> LedgerError:
    """The error for a campaign that can't be moved while so many may be sent to, until then (microseconds)."""
    until = datetime.fromtimestamp(until_us / 1e6).astimezone()
    return refusal(
        name,
        f"{counted(count, 'recipient is', 'recipients are')} being sent to by a process that may still do it: the"
        f" campaign can be moved from {until:%Y-%m-%d %H:%M:%S} on, when the time of that is over",
    )
