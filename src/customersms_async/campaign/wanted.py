"""What is wanted of a campaign as its ledger has it, what follows from it, and the protocol of ledgers that keep it."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple, Protocol

import msgspec

from ..errors import CampaignStoppedError, ConfigurationError
from .rows import Microseconds  # noqa: TC001 - msgspec reads the annotations
from .terms import CampaignTerms, decode
from .wanted_states import INTERRUPTED, ImpossibleWantedTransitionError, Wanted, WantedEvent, after


class WantedNow(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of a campaign, since when (microseconds since 1970), and by whom.

    ``event`` is what made it so, ``why`` what was said of that; ``guard`` is the one that stopped it (``interrupted``:
    whoever left the run), empty if it was none. ``by`` is a person's name, or the process that runs it or ran it.
    ``terms`` are those of its last run, ``None`` before the first.
    """

    state: Wanted
    event: WantedEvent
    since_us: int
    by: str
    guard: str = ""
    why: str = ""
    terms: CampaignTerms | None = None


class WantedRow(NamedTuple):
    """What is wanted, as a ledger keeps it; ``terms`` is a JSON object."""

    state: Wanted
    event: WantedEvent
    at_us: Microseconds
    by: str
    guard: str
    why: str
    terms: str | None

    def now(self) -> WantedNow:
        """What is wanted now, if this is the last row. Raises ``ValueError`` for terms that no campaign writes."""
        return WantedNow(
            state=self.state,
            event=self.event,
            since_us=self.at_us,
            by=self.by,
            guard=self.guard,
            why=self.why,
            terms=None if self.terms is None else decode(self.terms),
        )


class WantedChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of what is wanted: what happened, and by whom. ``terms`` come with a run that begins."""

    event: WantedEvent
    by: str = ""
    guard: str = ""
    why: str = ""
    terms: CampaignTerms | None = None


class WantedLedger(Protocol):
    """A ledger that keeps what is wanted of a campaign. Every change is one transaction, durable when it returns.

    A ledger appends each change that ``next_wanted`` allows, with the time, and changes none. ``begin``, which makes an
    intent, looks in its own transaction at what is wanted, and raises what ``stop_of`` gives: so no request begins
    after a pause was acknowledged.
    """

    async def wanted(self) -> WantedNow | None:
        """What is wanted now; ``None`` if nobody was added yet."""

    async def run_is_wanted(self) -> bool:
        """Whether a run is wanted now, and it can be run here: what a run that waits asks, so it must cost little.

        It may be false though it is so, as where that can't be found out at once; then ``wanted`` is asked.
        """

    async def want(self, change: WantedChange) -> bool:
        """Make ``change`` durable; false if it is so already, or if it came from a run and is out of date.

        Raises ``CampaignStoppedError`` for a run that a person's word keeps from beginning, and ``ConfigurationError``
        for any other move that does not exist.
        """


STARTS: Final = frozenset({Wanted.RUN})
"""Only while one of these is wanted do requests begin."""

_BY_PERSON: Final = frozenset({Wanted.PAUSED, Wanted.STOPPED})
_SAID: Final = {WantedEvent.PAUSE: Wanted.PAUSED, WantedEvent.STOP: Wanted.STOPPED, WantedEvent.RESUME: Wanted.RUN}
_ENDS: Final = frozenset({WantedEvent.GUARD, WantedEvent.INTERRUPTED, WantedEvent.FINISHED})
OF_RUNS: Final = _ENDS | {WantedEvent.BEGUN}
"""What only a run says, which must be the runner for that."""

_MAY_BE_LATE: Final = _ENDS | {WantedEvent.PLAN, WantedEvent.LATE}


class NextWanted(NamedTuple):
    """What a ledger appends for a change."""

    state: Wanted
    event: WantedEvent
    guard: str
    why: str


def next_wanted(now: WantedNow | None, change: WantedChange, *, anyone_left: bool) -> NextWanted | None:
    """What to append for ``change``; ``None`` if nothing is to be changed.

    ``anyone_left``: somebody is planned, or being sent to. A run that ends when nobody is has finished, whatever ended
    it. Nothing is to be changed where a person's word holds already, and by the end of a run that somebody has stopped.
    Raises what ``WantedLedger.want`` does.
    """
    event, guard, why = change.event, change.guard, change.why
    if event in _ENDS and not anyone_left:
        event, guard, why = WantedEvent.FINISHED, "", ""
    elif event is WantedEvent.FINISHED or (event is WantedEvent.LATE and not anyone_left):
        return None
    state, stopped_by = (None, "") if now is None else (now.state, now.guard)
    if event is WantedEvent.RESUME and now is not None and now.terms is None:
        event = WantedEvent.REOPEN  # there is nothing yet that a run could keep to
    if now is not None and _SAID.get(event) is state and not stopped_by:
        return None
    try:
        return NextWanted(after(state, event, guard=stopped_by), event, guard, why)
    except ImpossibleWantedTransitionError:
        if event in _MAY_BE_LATE:
            return None
        raise (kept_from_running(now) if event is WantedEvent.BEGUN else None) or _refusal(state, event) from None


def _refusal(state: Wanted | None, event: WantedEvent) -> ConfigurationError:
    if state is None:
        return ConfigurationError("nobody was added to this ledger yet")
    if event in (WantedEvent.RESUME, WantedEvent.REOPEN):
        return ConfigurationError(f"only a campaign that is paused or stopped can be resumed, and this one is {state}")
    return ConfigurationError(f"a campaign that is {state} can't move on because of {event}")


def stop_of(now: WantedNow | None) -> CampaignStoppedError | None:
    """Why no request may begin, or ``None`` if *run* is wanted."""
    if now is None:
        return _stopped(Wanted.DRAFT, "nobody was added to this ledger yet")
    if now.state in STARTS:
        return None
    if now.state not in _BY_PERSON:
        return _stopped(now.state, f"its ledger says {now.state}, and no run has begun")
    if now.guard:
        return CampaignStoppedError(now.why or "the run was left early", guard=now.guard)
    since = datetime.fromtimestamp(now.since_us / 1e6).astimezone()
    return _stopped(now.state, f"{now.by} has {now.state} it, on {since:%Y-%m-%d at %H:%M:%S}; resume it to go on")


def kept_from_running(now: WantedNow | None) -> CampaignStoppedError | None:
    """Why a person's program may not run it either: a person has paused or stopped it. Else ``None``."""
    if now is None or now.guard or now.state not in _BY_PERSON:
        return None
    return stop_of(now)


def _stopped(guard: str, reason: str) -> CampaignStoppedError:
    return CampaignStoppedError(f"stopped before the next request: {reason}", guard=guard)


def end_of_run(error: BaseException | None, fatal_code: str | None, *, left: bool, by: str) -> WantedChange | None:
    """The change that the end of a run makes in its ledger; ``None`` where *run* is still wanted after it.

    ``error`` is why it ended, ``fatal_code`` the gateway's that lets nothing more go out, ``left`` whether it was left
    early. An outage, a store or a ledger that fails is nobody's word.
    """
    if fatal_code is not None:
        why = "the gateway refuses every further request"
        return WantedChange(event=WantedEvent.GUARD, guard=fatal_code.lower(), by=by, why=why)
    if isinstance(error, CampaignStoppedError) and error.guard in _BY_PERSON:
        return None  # it stands in the ledger, unless it was taken back by now
    if isinstance(error, CampaignStoppedError):
        return WantedChange(event=WantedEvent.GUARD, guard=error.guard or "guard", by=by, why=str(error))
    if left and (error is None or isinstance(error, ConfigurationError)):
        return WantedChange(event=WantedEvent.INTERRUPTED, guard=INTERRUPTED, by=by)
    return None if error is not None else WantedChange(event=WantedEvent.FINISHED, by=by)
