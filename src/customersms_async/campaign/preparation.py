"""A campaign's run before its first request: suppressed numbers are noted, earlier requests counted, guards asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import ConfigurationError
from .guards import CampaignTotals, Guards, prefix_stop
from .states import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .ledger import CampaignLedger

_SENT_TO: Final = (State.SENDING, State.ACCEPTED, State.REJECTED, State.UNKNOWN)
"""The states of recipients that a request has left for."""


async def prepare(ledger: CampaignLedger, guards: Guards, suppressed: Iterable[str]) -> CampaignTotals:
    """The figures that the guards go by, as earlier runs left them, once ``suppressed`` is in the ledger.

    Raises ``ConfigurationError`` for a ledger that nobody was added to, ``CampaignStoppedError`` for a planned number
    outside the allowed prefixes, and what ``suppressed`` and the ledger raise.
    """
    if await ledger.added() is None:
        raise ConfigurationError(f"{ledger.path}: nobody was added to this ledger yet")
    await ledger.suppress(suppressed, "run")
    totals = CampaignTotals()
    for count in await ledger.counts():
        if count.state in _SENT_TO:
            totals.recipients += count.recipients
            totals.segments += count.segments
    if guards.allow_prefixes:
        strangers, first = await ledger.outside(guards.allow_prefixes)
        if strangers:
            raise prefix_stop(guards, strangers, f"number {(first or 0) + 1:,} of the input")
    return totals
