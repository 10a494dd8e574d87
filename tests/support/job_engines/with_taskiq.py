"""taskiq, over Redis: ``taskiq worker support.job_engines.with_taskiq:broker``; as a program it makes a job."""

from __future__ import annotations

import asyncio
import sys

from taskiq_redis import RedisStreamBroker

from support.job_engines.campaign_job import REDIS, run_one

broker = RedisStreamBroker(url=REDIS)
run = broker.task(task_name="run_campaign")(run_one)


async def put(name: str) -> None:
    await broker.startup()
    await run.kiq(name)
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(put(sys.argv[1]))
