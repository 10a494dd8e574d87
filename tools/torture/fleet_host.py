"""A host of a fleet: a process that runs every campaign that is wanted and that nobody alive runs, until all are done.

``python -m tools.torture.fleet_host ADDRESS GATEWAY NAMES`` ends with status 0 once none of the campaigns is wanted.
"""

from __future__ import annotations

import asyncio
import sys

from customersms_async import AsyncClient, Campaign, CustomerSMSError, Limit, MemoryQuota, run_campaign
from customersms_async.campaign.wanted_states import Wanted

KEY = "cspro_made_up"
BATCH = 20


def client(gateway: str) -> AsyncClient:
    """What every host sends with."""
    limits = Limit(10**6, 1)
    return AsyncClient(
        api_key=KEY,
        url=gateway,
        quota=MemoryQuota(),
        limits=limits,
        pace=None,
        batch_size=BATCH,
        max_concurrency=3,
        timeout=1.0,
    )


async def run(address: str, gateway: str, names: list[str]) -> None:
    """Run the campaigns until all are done; whatever goes wrong is tried again a moment later."""
    async with client(gateway) as sender:
        await asyncio.gather(*(_run(f"{address}#{name}", sender) for name in names))


async def _run(address: str, sender: AsyncClient) -> None:
    while True:
        try:
            await run_campaign(address, sender)
            async with Campaign.open(address, create=False) as campaign:
                now = await campaign.wanted()
            if now is not None and now.state is Wanted.DONE:
                return
        except CustomerSMSError as error:
            print(error, flush=True)
        await asyncio.sleep(0.3)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], sys.argv[3].split(",")))
