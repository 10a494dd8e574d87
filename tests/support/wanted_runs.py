"""Terms as a run writes them, for tests that make a ledger's rows without a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customersms_async import DOCUMENTED_LIMITS
from customersms_async.campaign.terms import CampaignTerms, GuardTerms
from customersms_async.campaign.wanted import WantedChange
from customersms_async.campaign.wanted_states import WantedEvent

if TYPE_CHECKING:
    from customersms_async.campaign.wanted import WantedLedger

TERMS = CampaignTerms(
    url="https://sms.example.com/api.php",
    key_id="0123456789abcdef01234567",
    key_label=None,
    limits=DOCUMENTED_LIMITS,
    pace=None,
    guards=GuardTerms(),
)
BEGUN = WantedChange(event=WantedEvent.BEGUN, by="process 1 on here", terms=TERMS)


async def run_is_wanted(ledger: WantedLedger) -> None:
    """Have the ledger say so, as a run does before its first request."""
    await ledger.want(BEGUN)
