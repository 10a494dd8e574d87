"""Texts and campaigns as jobs of Celery: each text goes out once, however often its job is delivered.

Celery's tasks are synchronous, and its pool forks: so each worker process starts an event loop in a thread of its own
(anyio's blocking portal) once it has been forked, with one client in it. It shows a quota and idempotency keys that all
workers share; which errors are tried again, and when; and what becomes of the job of a worker that was killed. The
texts are NORMAL: they go before the campaigns of the same key, which are BULK, and after one-time passwords (URGENT),
which a web app sends by itself. Campaigns are in a database, and have been begun by a person: see docs/fleet.md.

    $ pip install "customersms-async[cli,redis,postgres]" celery
    $ customersms sandbox  # in a terminal of its own; paste the two lines that it prints into the others
    $ redis-server --appendonly yes --appendfsync always  # the queue, the quota and the keys; nothing may be forgotten
    $ celery -A celery_worker worker --concurrency 4
    $ python celery_worker.py send_text +12125551234 "Order 17 is on its way" order-17/shipped
    $ python celery_worker.py campaign spring  # by cron, each minute; it is in the database of $CUSTOMERSMS_LEDGER

A worker that is told to stop (SIGTERM) finishes its jobs: give it 90 seconds before it is killed. Its pool must be of
processes (prefork), as others send no ``worker_process_init``.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import Any

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown

from customersms_async import AsyncClient, RedisIdempotency, RedisQuota, errors, run_campaign

REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
TIMEOUT = float(os.environ.get("SMS_TIMEOUT", "30"))  # seconds for an answer; a text without one is unknown
MAX_WAIT = 2.0  # seconds in line for the quota, with one of the worker's places taken; the queue waits for free
JOB_SECONDS = MAX_WAIT + TIMEOUT + 5  # no text takes longer
LONGEST_PAUSE = TIMEOUT  # seconds until a job is tried again, at most: the worker holds it for so long
CAMPAIGN_SECONDS = 50.0  # what a campaign may take at a time; cron brings its job again


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


app = Celery("texts", broker=REDIS)
app.conf.task_ignore_result = True
app.conf.task_acks_late = app.conf.task_reject_on_worker_lost = True  # a job is over when it is done
app.conf.worker_prefetch_multiplier = 1
app.conf.broker_transport_options = {
    "visibility_timeout": LONGEST_PAUSE + JOB_SECONDS,  # a job that is held for longer has lost its worker
    "unacked_restore_interval": TIMEOUT / 3,  # how often it looks for jobs of workers that died
    "unacked_restore_throttle": 1,
}

opened = ExitStack()
portal: BlockingPortal
client: AsyncClient


@worker_process_init.connect
def begin(**_: object) -> None:
    global portal, client
    portal = opened.enter_context(start_blocking_portal())
    client = opened.enter_context(portal.wrap_async_context_manager(open_client()))


@worker_process_shutdown.connect
def end(**_: object) -> None:
    opened.close()


@app.task(name="send_text", bind=True, max_retries=None)
def send_text(self: Any, phone: str, text: str, idempotency_key: str) -> None:
    try:
        portal.call(partial(client.send, phone, text, idempotency_key=idempotency_key, max_wait=MAX_WAIT))
    except errors.CustomerSMSError as error:
        if (seconds := retry_after(error)) is None:
            raise
        raise self.retry(exc=error, countdown=min(seconds, LONGEST_PAUSE)) from None


@app.task(name="campaign")
def campaign(name: str) -> None:
    portal.call(run_for_a_while, name)


async def run_for_a_while(name: str) -> None:
    with anyio.move_on_after(CAMPAIGN_SECONDS):  # after which what is on its way is still waited for, and recorded
        await run_campaign(name, client)


def put(task: str, *arguments: str) -> None:
    app.send_task(task, arguments)


if __name__ == "__main__":
    put(*sys.argv[1:])
