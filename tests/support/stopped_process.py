"""A process that sends, and stops itself between its grant and its first byte: ``test_stops`` lets it go on.

Its quota store is slow once, so that the grant has gone stale, and stops the process as soon as it has been renewed:
after the campaign's hook, and with nothing left to wait for.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, final

import customersms_async._http.httpx_engine  # noqa: F401 - now, as its import may take an attempt's time
from customersms_async import AsyncClient, Campaign, MemoryQuota
from customersms_async._runtime.clock import now_us
from support.engines import engine_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from customersms_async._core.layers import Layer, Wait


@final
class StoppingQuota:
    """A shared quota store as others may write one; ``taken`` are the moments at which tokens were asked for."""

    in_process = False

    def __init__(self) -> None:
        self._store = MemoryQuota()
        self.taken: list[int] = []
        self.renewed = 0

    async def take(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        self.taken.append(now_us())
        granted = await self._store.take(key_id, layers, hold_us)
        if len(self.taken) == 1:
            await asyncio.sleep(1.05)
        return granted

    async def renew(self, key_id: str, request: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        granted = await self._store.renew(key_id, request, layers, hold_us)
        self.renewed += 1
        if self.renewed == 1:
            print("stopping", flush=True)  # noqa: T201 - to the test that started us
            os.kill(os.getpid(), signal.SIGSTOP)
        return granted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def main(job: dict[str, Any]) -> None:
    """Send one text, and say what became of it."""
    quota = StoppingQuota()
    async with engine_of(job["engine"]) as http_client:
        options: dict[str, Any] = {
            "pace": None,
            "timeout": job["timeout"],
            "max_retries": 0,
            "http_client": http_client,
        }
        async with AsyncClient(api_key=job["key"], url=job["url"], quota=quota, **options) as client:
            if job["ledger"] is None:
                outcomes = [outcome async for outcome in client.stream(job["phones"], "Hello")]
            else:
                async with Campaign.open(job["ledger"]) as campaign:
                    await campaign.add(job["phones"], "Hello")
                    outcomes = [outcome async for outcome in campaign.run(client)]
    told = {"outcomes": [o.status for o in outcomes], "taken": quota.taken, "renewed": quota.renewed}
    print(json.dumps({**told, "ended": time.time()}), flush=True)  # noqa: T201 - the same


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
