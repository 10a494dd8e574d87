"""Jobs of procrastinate that tell workers of a campaign, one at a time, so that two do not begin the same.

A job is a doorbell: it says which campaign somebody found waiting, and is done once a worker has heard it. Which
campaigns wait is looked up in their ledgers, before a job is made and before it is acted on, so that losing all jobs
loses nothing. Nothing here needs a session of the server's: neither LISTEN nor a session lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Final, final
from urllib.parse import quote, unquote

from ..._postgres import server_url
from ..._postgres.jobs_schema import SETTINGS
from ..._runtime import log
from ..._runtime.tasks import cancelled_until_it_ends, start

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from procrastinate import App

_TASK: Final = "customersms.run_campaign"
_POLL_SECONDS: Final = 0.5
"""How often a worker with room looks for a job: one question over an index."""

_STALLED_SECONDS: Final = 60.0
"""After so long without a sign of life a worker's job is dropped: it takes no longer than it takes to hear it."""

RING_SECONDS: Final = 3.0
"""How long a job may take to be made: a little more than the server waits for a lock."""

_TIMEOUT: Final = 10.0
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 10.0


@final
class Doorbell:
    """Makes jobs and hears them, in the queues of some keys: their fingerprints.

    ``heard`` is called with a campaign's name, and returns when the next job may come. Mutable state: the app of
    procrastinate, whether the last call to the server failed, and the call that makes a job and has not come back.
    """

    def __init__(self, url: str, key_ids: Sequence[str], heard: Callable[[str], Awaitable[None]]) -> None:
        for name in ("procrastinate", "psycopg.pool"):
            logging.getLogger(name).setLevel(logging.ERROR + 1)  # what matters is said here, and once
        self._app = _app(url, heard)
        self._queues = list(key_ids)
        self._fails = False
        self._ringing: asyncio.Task[None] | None = None

    async def ring(self, name: str, key_id: str) -> bool:
        """Make a job for a campaign, unless one is waiting; false if that can't be done within ``RING_SECONDS``.

        A call that does not come back is left alone, as psycopg waits for the server once more when it is cancelled.
        Until it has ended no other is made.
        """
        if self._ringing is not None and not self._ringing.done():
            return False
        loop = asyncio.get_running_loop()
        self._ringing = start(loop, self._make(name, key_id))
        done, _ = await asyncio.wait([self._ringing], timeout=RING_SECONDS)
        if not done:
            self._failed(TimeoutError("no answer in time"))
            return False
        error = self._ringing.exception()
        if error is not None:
            self._failed(error)
        return error is None

    async def _make(self, name: str, key_id: str) -> None:
        from procrastinate.exceptions import AlreadyEnqueued

        written = quote(name, safe=" ")  # not every database can hold every letter
        task = self._app.configure_task(_TASK, queue=key_id, queueing_lock=f"campaign {written}")
        with contextlib.suppress(AlreadyEnqueued):
            await task.defer_async(campaign=written)

    async def listen(self) -> None:
        """Hear jobs until it is cancelled, whatever becomes of the server meanwhile."""
        try:
            await self._listen()
        finally:
            if self._ringing is not None:
                self._ringing.cancel()

    async def _listen(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await cancelled_until_it_ends(asyncio.get_running_loop(), self._hear())
            except asyncio.CancelledError:
                # A pool whose opening is cut off stays open, and swallows it when its own tasks are cancelled.
                await self._app.connector.close_async()
                raise
            except Exception as error:  # noqa: BLE001 - of procrastinate, psycopg or its pool
                pause = _FIRST_PAUSE if not self._fails else min(_LONGEST_PAUSE, 2 * pause)
                self._failed(error)
            await asyncio.sleep(pause)

    async def _hear(self) -> None:
        """Hear jobs until the server fails; a cancel may be swallowed, by procrastinate and by psycopg's pool."""
        async with self._app.open_async():
            await self._drop_stalled()
            self._fails = False
            await self._app.run_worker_async(
                queues=self._queues,
                concurrency=1,
                fetch_job_polling_interval=_POLL_SECONDS,
                listen_notify=False,
                delete_jobs="always",
                install_signal_handlers=False,
                shutdown_graceful_timeout=0,
            )

    async def _drop_stalled(self) -> None:
        """Drop jobs that a worker had heard which died in that moment."""
        from procrastinate.jobs import Status

        manager = self._app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_SECONDS):
            if job.id is not None:
                await manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)

    def _failed(self, error: BaseException) -> None:
        if not self._fails:
            self._fails = True
            cause = error.__cause__ or error
            why = getattr(getattr(cause, "diag", None), "message_primary", None) or cause  # without the SQL
            log.warning("jobs for workers can't be used, and are tried again: %s", " ".join(str(why).split()))


def _app(url: str, heard: Callable[[str], Awaitable[None]]) -> App:
    from procrastinate import App, PsycopgConnector
    from psycopg_pool import AsyncConnectionPool

    class PathPool(AsyncConnectionPool[Any]):
        """A pool whose connections see the schema of the jobs, for the length of each transaction."""

        @contextlib.asynccontextmanager
        async def connection(self, timeout: float | None = None) -> AsyncIterator[Any]:
            async with super().connection(timeout) as connection:
                await connection.execute(SETTINGS)
                yield connection

    options: dict[str, Any] = {"prepare_threshold": None, **server_url.settings(url, _TIMEOUT)}
    connector = PsycopgConnector(
        pool_factory=PathPool, conninfo=url, kwargs=options, min_size=1, max_size=3, timeout=_TIMEOUT
    )
    app = App(connector=connector)

    @app.task(name=_TASK)
    async def run(campaign: str) -> None:
        await heard(unquote(campaign))

    return app
