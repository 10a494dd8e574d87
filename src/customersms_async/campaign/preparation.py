"""A campaign's run before its first request: said to be wanted, suppressed numbers noted, guards asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import ConfigurationError
from .guards import CampaignTotals, Guards, place_in_input, prefix_stop
from .process_name import this_process
from .refusals import RunUnwantedError
from .states import State
from .wanted import WantedChange, stop_of
from .wanted_states import WantedEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .protocol import CampaignLedger
    from .terms import CampaignTerms

_SENT_TO: Final = (State.SENDING, State.ACCEPTED, State.REJECTED, State.UNKNOWN)
"""The states of recipients that a request has left for."""


async def want_run(ledger: CampaignLedger, terms: CampaignTerms) -> None:
    """Make it durable that *run* is wanted, on these terms.

    Raises ``ConfigurationError`` for a ledger that nobody was added to, and ``CampaignStoppedError`` for one that a
    person has paused or stopped.
    """
    if await ledger.added() is None:
        raise ConfigurationError(f"{ledger.name}: nobody was added to this ledger yet")
    await ledger.want(WantedChange(event=WantedEvent.BEGUN, by=this_process(), terms=terms))


async def still_on(ledger: CampaignLedger, terms: CampaignTerms) -> None:
    """See that *run* is wanted on these terms still. Raises ``RunUnwantedError``, or ``ConfigurationError``."""
    if await terms_of_run(ledger) != terms:
        raise ConfigurationError(f"{ledger.name}: somebody has begun a run on other terms meanwhile")


async def terms_of_run(ledger: CampaignLedger) -> CampaignTerms:
    """The terms on which *run* is wanted. Raises ``RunUnwantedError`` if something else is."""
    now = await ledger.wanted()
    stop = stop_of(now)
    if stop is not None:
        raise RunUnwantedError(str(stop), guard=stop.guard)
    if now is None or now.terms is None:
        raise ConfigurationError(f"{ledger.name}: a run is wanted, and nothing says on which terms")
    return now.terms


async def prepare(ledger: CampaignLedger, guards: Guards, suppressed: Iterable[str]) -> CampaignTotals:
    """The figures that the guards go by, as earlier runs left them, once ``suppressed`` is in the ledger.

    Raises ``CampaignStoppedError`` for a planned number outside the allowed prefixes, and what ``suppressed`` and the
    ledger raise.
    """
    await ledger.suppress(suppressed, "run")
    totals = CampaignTotals()
    for count in await ledger.counts():
        if count.state in _SENT_TO:
            totals.recipients += count.recipients
            totals.segments += count.segments
    if guards.allow_prefixes:
        strangers, first = await ledger.outside(guards.allow_prefixes)
        if strangers:
            raise prefix_stop(guards, strangers, place_in_input(first or 0), first)
    return totals
