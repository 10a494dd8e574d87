"""One process of ``test_processes``: sends a job of its own, says what became of it, and stays until it is killed."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from customersms_async import AsyncClient, Limit, Message, Priority
from customersms_async.quota import PostgresQuota, RedisQuota
from customersms_async.quota.sqlite import SQLiteQuota


async def main(job: dict[str, Any]) -> None:
    """Send one job, say what became of it, and stay."""
    stores: dict[str, Any] = {"redis": RedisQuota, "sqlite": SQLiteQuota, "postgres": PostgresQuota}
    quota = stores[job["store"]](job["place"])
    client = AsyncClient(
        api_key=job["key"],
        url=job["url"],
        limits=[Limit(requests, seconds) for requests, seconds in job["limits"]],
        quota=quota,
        reserve=job["reserve"],
        pace=None,
        batch_size=1,
        timeout=job["timeout"],
    )
    print("ready", flush=True)  # noqa: T201 - to the test that started us
    await asyncio.to_thread(sys.stdin.readline)
    texts = [Message(f"+1212{2_000_000 + number}", job["name"]) for number in range(job["count"])]
    async with quota, client:
        report = await client.send_many(texts, priority=Priority[job["priority"]])
        print(report.accepted, flush=True)  # noqa: T201 - to the test that started us
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
