"""A campaign's run as a job of any queue that delivers at least once: twice does no harm, and once is enough."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .._runtime import log
from ..errors import CampaignStoppedError, ConfigurationError
from .campaign import Campaign
from .ledger_opening import is_address
from .refusals import RunElsewhereError, RunUnwantedError

if TYPE_CHECKING:
    from ..client import AsyncClient
    from .terms import CampaignTerms

LEDGER_VARIABLE: Final = "CUSTOMERSMS_LEDGER"
"""The environment's variable with the database's URL."""


async def run_campaign(
    name: str, client: AsyncClient, *, ledger: str | None = None, terms: CampaignTerms | None = None
) -> bool:
    """Run the campaign of that name, if a run is wanted and nobody alive runs it; gives whether this call ran it.

    It goes on with exactly the terms that stand in the ledger, as ``Campaign.go_on`` does, and ends when the campaign
    has: done, or stopped by a guard or a person, which is logged; a run that was stopped is one as well. A second call
    for the same campaign returns at once, so a job that is delivered twice does no harm; if this process dies, the next
    call goes on. A cancelled call sends nothing new, and records what is in flight.

    Args:
        name: the campaign's name in the database, or a whole URL with the name behind ``#``.
        client: what sends: its key, URL and list of suppressed numbers must be those of the terms.
        ledger: the database's URL, else that in ``CUSTOMERSMS_LEDGER``.
        terms: those that the caller has judged, to go on with no other ones.

    Raises:
        ConfigurationError: without a database, for another key, URL or list than the terms name, or if they are not
            ``terms``.
        AuthenticationError: if the gateway refuses the API key.
        InsufficientCreditsError: if the account has no credits left.
        ConnectionFailedError: if the gateway can't be reached.
        QuotaStoreError: if the quota can't be kept, and will not be by itself.
        SuppressionStoreError: if nobody can say who is suppressed.
        LedgerError: if the database can't be used.

    Example:
        ```python
        async def job(name: str) -> None:  # of any queue that delivers at least once
            async with AsyncClient() as client:
                if not await run_campaign(name, client, ledger="postgresql://texts@db.internal/app"):
                    print(name, "is not wanted, or runs elsewhere")
        ```
    """
    address, campaign_name = _address(name, ledger)
    async with Campaign.open(address, name=campaign_name, create=False) as campaign:
        try:
            stream = await campaign.go_on(client, terms=terms)
            async for _ in stream:
                pass
        except RunUnwantedError as stop:
            log.info("the campaign %s does not go on: %s", campaign.ledger.name, stop)
            return False
        except RunElsewhereError:
            return False
        except CampaignStoppedError as stop:
            log.info("the campaign %s was stopped: %s", campaign.ledger.name, stop)
    return True


def _address(name: str, ledger: str | None) -> tuple[str, str | None]:
    if is_address(name):
        return name, None
    database = ledger or os.environ.get(LEDGER_VARIABLE)
    if not database:
        raise ConfigurationError(f"say in which database the campaign is: ledger=, or {LEDGER_VARIABLE}")
    return database, name
