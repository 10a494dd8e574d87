"""What a request costs as more of them are under way: ``python -m benchmarks.speed.connections [ROUNDS]``.

One number a request, over 1, 8 and 100 connections, each from as many tasks; prints, for each round, microseconds of
CPU by the number of connections, as JSON. The three take turns within one process, so that a busy moment hits all.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from benchmarks.speed.request import serving

COUNTS = (1, 8, 100)
REQUESTS = 1_000


async def cost(url: str, connections: int) -> float:
    """Microseconds of this process's CPU for a request; all connections stand before."""
    from customersms_async import AsyncClient, Limit, MemoryQuota

    limits = Limit(1_000_000, 1)
    async with AsyncClient(
        api_key="cspro_key", url=url, limits=limits, quota=MemoryQuota(), pace=None, max_concurrency=connections
    ) as client:

        async def several(share: int) -> None:
            for _ in range(share):
                assert (await client.send("+12120000000", "Hello")).message_id

        async def all_of(share: int) -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(connections):
                    group.create_task(several(share))

        await all_of(max(2, 20 // connections))
        share = REQUESTS // connections
        began = time.process_time()
        await all_of(share)
        return (time.process_time() - began) / (share * connections) * 1e6


def main(rounds: int) -> None:
    with serving() as url:
        for _ in range(rounds):
            print(json.dumps({count: round(asyncio.run(cost(url, count)), 1) for count in COUNTS}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
