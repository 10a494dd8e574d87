"""SAQ, over Redis: ``saq support.job_engines.with_saq.settings``; as a program it makes a job."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from saq import Queue

from support.job_engines.campaign_job import REDIS, run_one

queue = Queue.from_url(REDIS)


async def run(_: Any, *, name: str) -> bool:
    return await run_one(name)


settings = {"queue": queue, "functions": [("run", run)], "concurrency": 4}


async def put(name: str) -> None:
    await queue.connect()
    await queue.enqueue("run", name=name, timeout=0)
    await queue.disconnect()


if __name__ == "__main__":
    asyncio.run(put(sys.argv[1]))
