"""The job of each engine: run a campaign with the key of the environment."""

from __future__ import annotations

import os
from typing import Final

from customersms_async import AsyncClient, PostgresQuota, run_campaign

REDIS: Final = os.environ["JOBS_REDIS"]


async def run_one(name: str) -> bool:
    url = os.environ["CUSTOMERSMS_QUOTA"]
    async with PostgresQuota(url) as quota, AsyncClient(quota=quota, batch_size=5, timeout=2.0) as client:
        return await run_campaign(name, client)
