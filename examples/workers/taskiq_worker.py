"""Texts and campaigns as jobs of taskiq: each text goes out once, however often its job is delivered.

It shows one client for each worker process, with a quota and idempotency keys that all workers share; which errors are
tried again, and when; and what becomes of the job of a worker that was killed. The texts are NORMAL: they go before the
campaigns of the same key, which are BULK, and after one-time passwords (URGENT), which a web app sends by itself.
Campaigns are in a database, and have been begun by a person: see docs/fleet.md.

    $ pip install "customersms-async[cli,redis,postgres]" taskiq-redis
    $ customersms sandbox  # in a terminal of its own; paste the two lines that it prints into the others
    $ redis-server --appendonly yes --appendfsync always  # the queue, the quota and the keys; nothing may be forgotten
    $ taskiq worker taskiq_worker:broker --workers 1 --max-async-tasks 10 --wait-tasks-timeout 40 --shutdown-timeout 25
    $ taskiq scheduler taskiq_worker:scheduler --update-interval 1  # one for all workers: it brings back what waits
    $ python taskiq_worker.py send_text +12125551234 "Order 17 is on its way" order-17/shipped
    $ python taskiq_worker.py campaign spring  # by cron, each minute; it is in the database of $CUSTOMERSMS_LEDGER

A worker that is told to stop (SIGTERM) finishes its jobs, for 40 seconds at most, and then closes the client: give it
70 seconds before it is killed. What a campaign leaves, its next job goes on with.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any

from taskiq import Context, TaskiqDepends, TaskiqEvents, TaskiqMessage, TaskiqResult, TaskiqScheduler, TaskiqState
from taskiq.kicker import AsyncKicker
from taskiq.middlewares import SmartRetryMiddleware
from taskiq.schedule_sources import LabelScheduleSource
from taskiq_redis import ListRedisScheduleSource, RedisStreamBroker

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


class RetryMiddleware(SmartRetryMiddleware):
    """Tries again when ``retry_after`` says so."""

    async def on_error(self, message: TaskiqMessage, result: TaskiqResult[Any], exception: BaseException) -> None:
        if (seconds := retry_after(exception)) is not None:
            message.labels["delay"] = seconds
            await super().on_error(message, result, exception)


broker = RedisStreamBroker(
    REDIS,
    idle_timeout=int(1_000 * JOB_SECONDS),
    xread_count=10,  # those that it holds wait for a place, and count as begun
    unacknowledged_lock_timeout=10,
    socket_timeout=None,  # else Python 3.11 swallows the cancel by which an idle worker stops
)
waiting = ListRedisScheduleSource(REDIS)
scheduler = TaskiqScheduler(broker, [LabelScheduleSource(broker), waiting])
broker.add_middlewares(RetryMiddleware(default_retry_count=10**6, default_retry_label=True, schedule_source=waiting))


@asynccontextmanager
async def open_client() -> AsyncIterator[AsyncClient]:
    async with (
        RedisQuota(REDIS) as quota,
        RedisIdempotency(REDIS) as keys,
        AsyncClient(quota=quota, idempotency=keys, timeout=TIMEOUT) as client,
    ):
        yield client
        await client.aclose(grace=20)  # what is still on its way has so many seconds for its answer


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def begin(state: TaskiqState) -> None:
    state.opened = AsyncExitStack()
    state.client = await state.opened.enter_async_context(open_client())


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def end(state: TaskiqState) -> None:
    await state.opened.aclose()


@broker.task(task_name="send_text")
async def send_text(phone: str, text: str, idempotency_key: str, context: Annotated[Context, TaskiqDepends()]) -> None:
    await context.state.client.send(phone, text, idempotency_key=idempotency_key, max_wait=MAX_WAIT)


@broker.task(task_name="campaign")
async def campaign(name: str, context: Annotated[Context, TaskiqDepends()]) -> None:
    await run_campaign(name, context.state.client)


@broker.task(task_name="look_again", schedule=[{"interval": 10}])
async def look_again() -> None:
    """Do nothing: taskiq-redis looks for jobs of workers that died when there is a new job, and only then."""


async def put(task: str, *arguments: str) -> None:
    await broker.startup()
    await AsyncKicker[..., None](task, broker, labels={}).kiq(*arguments)
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(put(*sys.argv[1:]))
