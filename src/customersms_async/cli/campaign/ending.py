"""The end of a campaign's run: its exit status, and what it says to people and to programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from ..._core.plural import counted
from ...campaign.ledger_opening import is_address
from ...campaign.refusals import LedgerAwayError, MisplacedLedgerError
from ...campaign.states import State
from ...errors import (
    AuthenticationError,
    CampaignStoppedError,
    ConfigurationError,
    ConnectionFailedError,
    InsufficientCreditsError,
)
from ...models import Code
from ..error_words import NO_WAY, in_words, once_mended
from ..formats import credits_left, length, plain
from .counts import counts_object, everyone_accepted, show_counts
from .resume_hints import hints

if TYPE_CHECKING:
    from decimal import Decimal

    from rich.console import Console

    from ...campaign.rows import Count
    from ..send.sending import Progress
    from .ledger_place import LedgerPlace

_STOPS: Final = (CampaignStoppedError, AuthenticationError, InsufficientCreditsError)
"""Errors that stop a campaign for a reason which a person can remove."""


def exit_status(progress: Progress, counts: list[Count]) -> int:
    """The exit status of a run that has come to these ``counts`` of the whole campaign."""
    if progress.interrupted:
        return 130
    if progress.error is not None:
        if isinstance(progress.error, ConfigurationError):
            return 2
        return 4 if isinstance(progress.error, _STOPS) else 1
    return 0 if everyone_accepted(counts) else 3


def show_ending(
    ledger: LedgerPlace,
    progress: Progress,
    counts: list[Count],
    remaining_credits: Decimal | None,
    console: Console,
    *,
    resume: str | None,
) -> None:
    """Show what a run came to, and the command that goes on with it (``resume``), if there is anything left to do."""
    show_counts(console, ledger.name, counts)
    console.print(
        f"this run: {counted(progress.done, 'recipient')} in {length(progress.seconds)},"
        f" {counted(progress.requests, 'request')}; credits left: {credits_left(remaining_credits)}",
        highlight=False,
    )
    if progress.error is not None:
        console.print(Text(plain(f"It ended early: {in_words(progress.error)}"), style="red"))
    unrecorded = sum(count.recipients for count in counts if count.state is State.SENDING)
    if unrecorded:
        who = counted(unrecorded, "recipient")
        if is_address(ledger.given) and not isinstance(progress.error, LedgerAwayError):
            console.print(
                f"Another process sends to {who} just now, or ended as it did: who has no answer will be unknown"
            )
        else:
            console.print(
                f"What became of {who} could not be recorded: they may have got the text, and will be unknown"
            )
    if any(count.state is State.UNKNOWN for count in counts):
        console.print("Who is unknown may have got the text, and is not sent to again: see campaign resolve")
    if any(count.state is State.SKIPPED and count.code == Code.CAPPED for count in counts):
        console.print("Who hit a cap got nothing, and is not sent to again: see campaign resolve")
    if isinstance(progress.error, ConnectionFailedError):
        console.print(NO_WAY)
    if progress.interrupted and isinstance(progress.error, LedgerAwayError):
        console.print(wanted_still(ledger), soft_wrap=True, highlight=False, markup=False)
    guard = getattr(progress.error, "guard", "")
    if guard == "stop_after_refused":
        console.print("Who is rejected got nothing, and is not sent to again: see campaign resolve")
    if resume is not None:
        change = once_mended(progress.error)
        may_lack = unrecorded or isinstance(progress.error, MisplacedLedgerError)  # as where the -wal was deleted
        head = f"To go on{change}:" if may_lack else f"Nothing is lost. To go on{change}:"
        lines = [head, f"  {resume}", *hints(resume, ledger)]
        console.print(*lines, sep="\n", soft_wrap=True, highlight=False, markup=False)


def wanted_still(ledger: LedgerPlace) -> str:
    """The line that says that workers go on with an interrupted run, whose database could not be told of that."""
    return (
        "The database could not be told that it was interrupted, so workers go on with it, once it is back. To keep"
        f" them from that: {ledger.command('pause')}"
    )


def summary(
    progress: Progress, counts: list[Count], remaining_credits: Decimal | None, *, status: int, resume: str | None
) -> dict[str, Any]:
    """The figures of a run and of the whole campaign, for ``--json``."""
    error = progress.error
    return {
        **counts_object(counts),
        "requests": progress.requests,
        "remaining_credits": remaining_credits,
        "seconds": round(progress.seconds, 3),
        "interrupted": progress.interrupted,
        "stopped": (getattr(error, "guard", None) or type(error).__name__) if isinstance(error, _STOPS) else None,
        "error": None if error is None else in_words(error),
        "resume": resume,
        "exit_status": status,
    }
