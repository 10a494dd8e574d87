"""Texts and campaigns as jobs of procrastinate: each text goes out once, however often its job is delivered.

It shows one client for each worker process, with a quota and idempotency keys that all workers share; which errors are
tried again, and when; and what becomes of the job of a worker that was killed. All that is kept is in one PostgreSQL
database. The texts are NORMAL: they go before the campaigns of the same key, which are BULK, and after one-time
passwords (URGENT), which a web app sends by itself. Campaigns are in the database that $CUSTOMERSMS_LEDGER names, and
have been begun by a person: see docs/fleet.md.

    $ pip install "customersms-async[cli,postgres]"
    $ customersms sandbox  # in a terminal of its own; paste the two lines that it prints into the others
    $ export DATABASE_URL=postgresql://texts@127.0.0.1/app
    $ python -m procrastinate --app=procrastinate_worker.app schema --apply
    $ python -m procrastinate --app=procrastinate_worker.app worker --concurrency 10 --shutdown-graceful-timeout 40
    $ order='{"phone": "+12125551234", "text": "Order 17 is on its way", "idempotency_key": "order-17/shipped"}'
    $ python -m procrastinate --app=procrastinate_worker.app defer send_text "$order"
    $ python -m procrastinate --app=procrastinate_worker.app defer campaign '{"name": "spring"}'  # by cron, each minute

A worker that is told to stop (SIGTERM) finishes its jobs, for 40 seconds at most, and puts the others back: give it 60
seconds before it is killed. procrastinate logs the numbers and texts of all jobs.
"""

import asyncio
import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Unpack

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.app import WorkerOptions
from procrastinate.jobs import Job

from customersms_async import AsyncClient, PostgresIdempotency, PostgresQuota, errors, run_campaign

DATABASE = os.environ.get("DATABASE_URL", "postgresql://127.0.0.1/app")
TIMEOUT = float(os.environ.get("SMS_TIMEOUT", "30"))  # seconds for an answer; a text without one is unknown
MAX_WAIT = 2.0  # seconds in line for the quota, with one of the worker's places taken; the queue waits for free


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
        PostgresQuota(DATABASE) as quota,
        PostgresIdempotency(DATABASE) as keys,
        AsyncClient(quota=quota, idempotency=keys, timeout=TIMEOUT) as client,
    ):
        yield client
        await client.aclose(grace=20)  # what is still on its way has so many seconds for its answer


class TextApp(App):
    """Opens the client before a worker begins, and closes it when that has ended."""

    async def run_worker_async(self, **options: Unpack[WorkerOptions]) -> None:
        async with open_client() as client:
            options["additional_context"] = {"client": client}
            await super().run_worker_async(**options)


class RetryStrategy(BaseRetryStrategy):
    """Tries again when ``retry_after`` says so, and at once what was cancelled as a worker stopped."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        seconds = 0.0 if isinstance(exception, asyncio.CancelledError) else retry_after(exception)
        return None if seconds is None else RetryDecision(retry_in={"seconds": math.ceil(seconds)})


app = TextApp(
    connector=PsycopgConnector(conninfo=DATABASE),
    worker_defaults={
        "update_heartbeat_interval": TIMEOUT / 3,
        "stalled_worker_timeout": TIMEOUT,
        "delete_jobs": "successful",
    },
)


@app.task(name="send_text", pass_context=True, retry=RetryStrategy())
async def send_text(context: JobContext, *, phone: str, text: str, idempotency_key: str) -> None:
    client: AsyncClient = context.additional_context["client"]
    await client.send(phone, text, idempotency_key=idempotency_key, max_wait=MAX_WAIT)


@app.task(name="campaign", pass_context=True, retry=RetryStrategy())
async def campaign(context: JobContext, *, name: str) -> None:
    await run_campaign(name, context.additional_context["client"])


@app.periodic(cron="* * * * * */5")
@app.task(name="retry_stalled_jobs", queueing_lock="retry_stalled_jobs")
async def retry_stalled_jobs(timestamp: int) -> None:
    """Put back the jobs of workers that died: procrastinate does not do that by itself."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=TIMEOUT):
        await app.job_manager.retry_job(job)
