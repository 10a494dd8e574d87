"""A process that has imported what a campaign's run needs, and forks itself for each: see ``campaign_run``.

As a program it reads one order a line from standard input, and answers each with one number: the forked process's, or
how the process of that number ended.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys

import certifi  # noqa: F401 - this and what follows once, and not in each fork
import httpcore  # noqa: F401

import customersms_async._http.httpx_engine
import customersms_async.campaign.runner  # noqa: F401
from customersms_async import AsyncClient, Campaign, LedgerError, Limit, MemoryQuota
from support.forked import end_if_it_hangs


async def look_on(path: str) -> None:
    while True:
        async with Campaign.open(path) as campaign:
            await campaign.counts()
        await asyncio.sleep(0.001)


async def main(path: str, url: str, looks_on: bool, enough: int) -> None:
    """Run the campaign, and say when ``enough`` outcomes were told; ``looks_on``: read the ledger at the same time."""
    client = AsyncClient(
        api_key="cspro_made_up",
        url=url,
        batch_size=5,
        max_concurrency=4,
        quota=MemoryQuota(),
        limits=Limit(10**6, 1),
        pace=None,
        timeout=5.0,
    )
    async with client, Campaign.open(path) as campaign:
        page = asyncio.create_task(look_on(path)) if looks_on else None
        told = 0
        try:
            async for _ in campaign.run(client):
                told += 1
                if told == enough:
                    print("enough", flush=True)  # noqa: T201 - to the test that started us
        except LedgerError as error:
            print("refused:", error, flush=True)  # noqa: T201
        if page is not None:
            page.cancel()


def serve() -> None:
    """Answer orders until the input ends."""
    gc.freeze()  # what is collected in a fork is copied to it
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        elif (answer := os.fork()) == 0:
            end_if_it_hangs()
            os.dup2(os.open(order["out"], os.O_WRONLY), 1)
            asyncio.run(main(*order["run"]))
            sys.exit()
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
