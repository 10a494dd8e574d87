"""The worker's loop: look which campaigns wait, ring for them, and run those that are heard."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final, NamedTuple, final
from urllib.parse import quote

from ..._postgres import jobs_schema
from ..._postgres.errors import PostgresError
from ..._postgres.server import why_it_only_reads
from ..._runtime import log
from ..._runtime.tasks import start
from ...errors import ConfigurationError, LedgerError, SuppressionStoreError
from .._postgres.database_place import read_database
from .._postgres.host import Host
from .._postgres.waiting_campaigns import WaitingCampaign, waiting_campaigns
from ..job import run_campaign
from ..refusals import LedgerAwayError
from .campaign_backoff import CampaignBackoff
from .doorbell import Doorbell

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._postgres.session import ServerSession
    from .clients import WorkerClients

LOOK_SECONDS: Final = 1.0
"""How often a worker with room looks which campaigns wait."""

_UNHEARD_SECONDS: Final = 10.0
"""After so long a campaign that was rung for, and that waits still, is begun without a job that anybody hears."""

_LONGEST_PAUSE: Final = 10.0
"""Seconds, at most, until a database that is away is looked into again."""

_AT_ONCE_SECONDS: Final = 2.0
"""Time to record what was aborted when nothing may be waited for any more."""

_RECORDING_SECONDS: Final = 4.0
"""Time to record what was aborted at the end of the grace."""


class WorkerEvent(NamedTuple):
    """What a worker did with a campaign, and why.

    It ``began`` to run it, and that ``ended`` or ``failed``, or it ``released`` it as it stops; or it ``left`` it to
    others.
    """

    event: str
    campaign: str
    why: str = ""


@final
class Worker:
    """Runs campaigns of one database that are wanted and that nobody alive runs, ``concurrency`` at a time.

    Which those are is found by their state. It runs them on exactly the terms that stand in their ledgers, with the key
    of these terms, and leaves to others what its ``clients`` must not run. ``tell`` hears what it does.

    Mutable state: the runs and whether there is room for one more, what is left alone for a while, since when was rung
    for what, what was said, whether the database is away, whether it is to stop, and what listens for jobs.
    """

    def __init__(
        self, address: str, clients: WorkerClients, concurrency: int, tell: Callable[[WorkerEvent], None]
    ) -> None:
        self._place = read_database(address)
        if self._place.name:
            raise ConfigurationError("a worker runs all campaigns of a database: leave out # and the name in its URL")
        self._address = address.removesuffix("#")
        self._host: Host | None = None
        self._clients = clients
        self._tell = tell
        self._concurrency = concurrency
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._backoff = CampaignBackoff()
        self._rung: dict[tuple[str, int], float] = {}
        self._said: set[tuple[str, str]] = set()
        self._is_away = False
        self._stops = False
        self._listening: asyncio.Task[None] | None = None
        self._wakes = asyncio.Event()
        self._doorbell = Doorbell(self._place.url, clients.key_ids, self._heard)

    async def run(self) -> None:
        """Look and run until ``stop``. Raises ``LedgerError`` for a database that no worker can use.

        Raises ``SuppressionStoreError`` for a list that nobody can use.
        """
        loop = asyncio.get_running_loop()
        self._host = Host.join(self._place, None, self)
        try:
            await self._begin()
            if self._stops:
                return
            self._listening = start(loop, self._doorbell.listen())
            log.info("the worker looks for campaigns in %s", self._place.shown)
            while not self._stops:
                await self._look()
                await self._pause(LOOK_SECONDS)
        finally:
            if self._listening is not None:
                self._listening.cancel()
                await asyncio.wait([self._listening], timeout=_AT_ONCE_SECONDS)
            await self._host.leave(self)  # the runs have it as well

    def stop(self) -> None:
        """Begin nothing new, and have all runs send nothing new; what is in flight is recorded."""
        self._stops = True
        self._wakes.set()
        if self._listening is not None:
            self._listening.cancel()  # which takes seconds where the server does not answer
        for task in self._runs.values():
            task.cancel()

    async def close(self, grace: float, at_once: asyncio.Event) -> None:
        """Wait until what is in flight was recorded, ``grace`` seconds at most, or until ``at_once`` is set.

        What is still on its way then is aborted and recorded as unknown. The campaigns are wanted still, and nobody
        runs them any more, so another worker may at once.
        """
        log.info("the worker stops: what is on its way has %g s for its answer", grace)
        self.stop()
        await asyncio.sleep(0)  # let the runs hear of it before their clients are closed
        loop = asyncio.get_running_loop()
        closing = [start(loop, client.aclose(grace)) for client in self._clients.all]
        ends, hurry = [*self._runs.values(), *closing], start(loop, at_once.wait())
        over = loop.time() + grace + _RECORDING_SECONDS
        while (going := [task for task in ends if not task.done()]) and not hurry.done() and loop.time() < over:
            await asyncio.wait([*going, hurry], timeout=over - loop.time(), return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        for task in closing:
            task.cancel()
        if going := [task for task in ends if not task.done()]:
            await asyncio.wait(going, timeout=_AT_ONCE_SECONDS / 2)
        if self._runs:
            names = ", ".join(sorted(self._runs))
            log.warning("it was not recorded in time what became of the requests in flight of %s", names)
            self._opened.give_up()  # else each would ask once more as it ends
            for task in self._runs.values():
                task.cancel()
            await asyncio.wait(self._runs.values(), timeout=_AT_ONCE_SECONDS / 2)

    async def _begin(self) -> None:
        """Look whether the database is one for workers; wait for it if it is away, or until the worker stops."""
        server, pause = self._opened.server, LOOK_SECONDS

        def job(session: ServerSession) -> None:
            deadline = time.monotonic() + server.timeout
            jobs_schema.check(session, deadline)
            if (why := why_it_only_reads(session, deadline)) is not None:
                raise PostgresError(why, temporary=False)

        while not self._stops:
            try:
                await waiting_campaigns(server)  # which makes the schema, if this role may
                await server.run(job, server.timeout)
                await self._clients.know_list()
            except LedgerAwayError as error:
                self._note_away(error)
            except SuppressionStoreError as error:
                if not error.temporary:
                    raise
                self._note_away(error)
            except PostgresError as error:
                if not error.temporary:
                    raise LedgerError(f"the database of the campaigns can't be used: {error}") from None
                self._note_away(error)
            else:
                return
            await self._pause(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)

    async def _look(self) -> None:
        """Ring for campaigns that wait and that this worker may run, as many as it has room for.

        Jobs keep several workers from beginning the same. Where they can't be used, or nobody hears them, this one
        begins without them: whoever is second finds that it is run.
        """
        if not self._has_room.is_set():
            return
        try:
            found = await waiting_campaigns(self._opened.server)
        except LedgerError as error:
            self._note_away(error)
            return
        self._is_away = False
        self._backoff.forget(time.monotonic())
        now, rings = time.monotonic(), True
        self._rung = {(one.name, one.since_us): self._rung.get((one.name, one.since_us), now) for one in found}
        for one in list(filter(self._may_run, found))[: self._concurrency - len(self._runs)]:
            if self._stops or one.terms is None:
                break
            rings = rings and await self._doorbell.ring(one.name, one.terms.key_id)
            if not rings or now - self._rung[one.name, one.since_us] > _UNHEARD_SECONDS:
                await self._heard(one.name)

    def _may_run(self, one: WaitingCampaign) -> bool:
        if one.name in self._runs or self._backoff.is_left_alone(one.name, one.since_us, time.monotonic()):
            return False
        why = self._clients.why_not(one.terms)
        if why is not None and (one.name, why) not in self._said:
            self._said.add((one.name, why))
            log.warning("the campaign %s is left to other workers: %s", one.name, why)
            self._tell(WorkerEvent("left", one.name, why))
        return why is None

    async def _heard(self, name: str) -> None:
        """Begin to run the campaign as soon as there is room, if it is waiting then."""
        await self._has_room.wait()
        try:
            found = await waiting_campaigns(self._opened.server, name)
        except LedgerError as error:
            self._note_away(error)
            return
        if found and not self._stops and self._may_run(found[0]):
            self._runs[name] = start(asyncio.get_running_loop(), self._run(found[0]))
            self._runs[name].add_done_callback(lambda _: self._ended(name))
            self._note_room()

    def _ended(self, name: str) -> None:
        del self._runs[name]
        self._note_room()
        self._wakes.set()  # to look who is next

    def _note_room(self) -> None:
        if len(self._runs) < self._concurrency:
            self._has_room.set()
        else:
            self._has_room.clear()

    async def _run(self, one: WaitingCampaign) -> None:
        assert one.terms is not None  # noqa: S101 - it was looked at
        log.info("the campaign %s is wanted and nobody runs it: this worker does", one.name)
        self._tell(WorkerEvent("began", one.name))
        place, client = f"{self._address}#{quote(one.name, safe='')}", self._clients.client_for(one.terms)
        try:
            ran = await run_campaign(place, client, terms=one.terms)
        except asyncio.CancelledError:
            log.info("the campaign %s is wanted still, and left to the next worker", one.name)
            self._tell(WorkerEvent("released", one.name))
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other campaigns go on, and it is told
            seconds = self._backoff.failed(one.name, one.since_us, time.monotonic())
            why = " ".join(str(error).split()) or type(error).__name__
            log.warning("the run of the campaign %s failed, and is tried again after %g s: %s", one.name, seconds, why)
            self._tell(WorkerEvent("failed", one.name, why))
        else:
            self._backoff.ended(one.name, one.since_us, time.monotonic())
            if ran:
                log.info("the run of the campaign %s has ended", one.name)
            self._tell(WorkerEvent("ended", one.name))

    def _note_away(self, error: Exception) -> None:
        if not self._is_away:
            self._is_away = True
            log.warning("the worker begins nothing until its database is back: %s", error)

    async def _pause(self, seconds: float) -> None:
        """Wait for so long, or until a run has ended, or the worker stops."""
        self._wakes.clear()
        if self._stops:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wakes.wait()

    @property
    def _opened(self) -> Host:
        assert self._host is not None  # noqa: S101 - set when it begins
        return self._host
