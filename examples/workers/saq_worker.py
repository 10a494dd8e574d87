"""Texts and campaigns as jobs of SAQ: each text goes out once, however often its job is delivered.

It shows one client for each worker process, with a quota and idempotency keys that all workers share; which errors are
tried again, and when; and what becomes of the job of a worker that was killed. The texts are NORMAL: they go before the
campaigns of the same key, which are BULK, and after one-time passwords (URGENT), which a web app sends by itself.
Campaigns are in a database, and have been begun by a person: see docs/fleet.md.

    $ pip install "customersms-async[cli,redis,postgres]" saq
    $ customersms sandbox  # in a terminal of its own; paste the two lines that it prints into the others
    $ redis-server --appendonly yes --appendfsync always  # the queue, the quota and the keys; nothing may be forgotten
    $ saq saq_worker.settings
    $ python saq_worker.py send_text +12125551234 "Order 17 is on its way" order-17/shipped
    $ python saq_worker.py campaign spring  # by cron, each minute; it is in the database of $CUSTOMERSMS_LEDGER

A worker that is told to stop (SIGTERM) cancels its jobs, and SAQ puts them back. What was on its way has 20 seconds for
its answer, which the idempotency key keeps for the job that comes again. SAQ logs numbers and texts of jobs that fail.
"""

import asyncio
import math
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from saq import Queue

from customersms_async import AsyncClient, RedisIdempotency, RedisQuota, errors, run_campaign

REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
TIMEOUT = float(os.environ.get("SMS_TIMEOUT", "30"))  # seconds for an answer; a text without one is unknown
MAX_WAIT = 2.0  # seconds in line for the quota, with one of the worker's places taken; the queue waits for free
JOB_SECONDS = MAX_WAIT + TIMEOUT + 5  # no text takes longer: a job that does has lost its worker


def retry_after(error: BaseException) -> float | None:
    """Seconds until the queue tries again; None: never, as it would change nothing, or might text somebody twice."""
    match error:
        case errors.QuotaExceededError() | errors.RateLimitedError():
            return max(1.0, error.retry_after)
        case errors.ConnectionFailedError():
            return 10.0  # nothing left this machine
        case errors.QuotaStoreError(temporary=True) | errors.IdempotencyStoreError(temporary=True):
            return 10.0  # nothing was sent without the store, which may be back
        case errors.AuthenticationError() | errors.InsufficientCreditsError():
            return 600.0  # nothing was sent, nor is anything until somebody has changed the key or paid
    return None


@asynccontextmanager
async def open_client() -> AsyncIterator[AsyncClient]:
    async with (
        RedisQuota(REDIS) as quota,
        RedisIdempotency(REDIS) as keys,
        AsyncClient(quota=quota, idempotency=keys, timeout=TIMEOUT) as client,
    ):
        yield client
        await client.aclose(grace=20)  # what is still on its way has so many seconds for its answer


async def begin(ctx: dict[str, Any]) -> None:
    ctx["opened"] = AsyncExitStack()
    ctx["client"] = await ctx["opened"].enter_async_context(open_client())


async def end(ctx: dict[str, Any]) -> None:
    await ctx["opened"].aclose()


async def send_text(ctx: dict[str, Any], *, phone: str, text: str, idempotency_key: str) -> None:
    try:
        await ctx["client"].send(phone, text, idempotency_key=idempotency_key, max_wait=MAX_WAIT)
    except errors.CustomerSMSError as error:
        if (seconds := retry_after(error)) is None:
            ctx["job"].retries = 0
        else:
            ctx["job"].retry_delay = seconds
        raise


async def campaign(ctx: dict[str, Any], *, name: str) -> None:
    await run_campaign(name, ctx["client"])


queue = Queue.from_url(REDIS)
settings = {
    "queue": queue,
    "functions": [send_text, campaign],
    "concurrency": 10,
    "startup": begin,
    "shutdown": end,
    "timers": {"sweep": math.ceil(TIMEOUT / 3)},  # how often it looks for jobs of workers that died
}


async def put(task: str, *arguments: str) -> None:
    await queue.connect()
    if task == "campaign":
        await queue.enqueue("campaign", name=arguments[0], timeout=0)
    else:
        given = dict(zip(("phone", "text", "idempotency_key"), arguments, strict=True))
        await queue.enqueue("send_text", **given, timeout=math.ceil(JOB_SECONDS), retries=10**6)
    await queue.disconnect()


if __name__ == "__main__":
    asyncio.run(put(*sys.argv[1:]))
