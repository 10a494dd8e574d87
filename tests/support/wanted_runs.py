"""Terms as a run writes them, for tests that make a ledger's rows without a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customersms_async.testing._contract.ledger_hosts import BEGUN

if TYPE_CHECKING:
    from customersms_async.campaign.wanted import WantedLedger


async def run_is_wanted(ledger: WantedLedger) -> None:
    """Have the ledger say so, as a run does before its first request."""
    await ledger.want(BEGUN)
