"""Workers as processes, over a database with campaigns and a gateway of the test's."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, final

from customersms_async import AsyncClient, Campaign, Limit, MemoryQuota, Message
from customersms_async._postgres import administration
from customersms_async._sending.open_client import open_client
from customersms_async.campaign.guards import Guards
from customersms_async.campaign.terms import CampaignTerms
from customersms_async.campaign.wanted import WantedChange
from customersms_async.campaign.wanted_states import WantedEvent
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from customersms_async.sandbox import Sandbox
    from support.postgres_servers import PostgresServerProcess

KEY: Final = "cspro_key_of_the_fleet"
OTHER_KEY: Final = "cspro_key_of_somebody_else"
LIMITS: Final = (Limit(10**6, 1),)
PREPARED_JOBS: Final = "TRUNCATE customersms_jobs.procrastinate_jobs CASCADE"


@final
class Fleet:
    """A database with campaigns, a gateway, and the workers of one test."""

    def __init__(self, server: PostgresServerProcess, sandbox: Sandbox, folder: Path) -> None:
        self.server, self.sandbox, self.folder = server, sandbox, folder
        self.address = f"{server.url()}?lease=2"
        self._workers: list[subprocess.Popen[str]] = []
        self._added: list[str] = []
        administration.migrate(server.url())
        self.lose_jobs()

    def lose_jobs(self) -> None:
        self.server.sql(PREPARED_JOBS, database="app")

    def client(self, key: str = KEY, url: str | None = None) -> AsyncClient:
        url = self.sandbox.url if url is None else url
        return AsyncClient(api_key=key, url=url, limits=LIMITS, pace=None, quota=MemoryQuota())

    def add(
        self,
        names: Iterable[str],
        size: int = 20,
        *,
        alike: int | None = None,
        wanted: bool = True,
        key: str = KEY,
        url: str = "",
    ) -> None:
        """Put campaigns into the database, each with numbers of its own, and say that a run is wanted.

        So many in a row get the same text, and so share a request (``alike``); all of them, unless it is said.
        """

        async def each(name: str, first: int) -> None:
            async with self.client(key, url or None) as client, Campaign.open(self.address, name=name) as campaign:
                await campaign.add(
                    Message(f"+1212{first + number:07}", f"Hello from {name}{number // (alike or size) or ''}")
                    for number in range(size)
                )
                if wanted:
                    terms = CampaignTerms.of(open_client(client).sender, Guards())
                    await campaign.ledger.want(WantedChange(event=WantedEvent.BEGUN, by="a test", terms=terms))

        async def all_of_them() -> None:
            for name in names:
                await each(name, 1_000 * len(self._added))
                self._added.append(name)

        asyncio.run(all_of_them())

    def say(self, name: str, word: str) -> None:
        async def say() -> None:
            async with Campaign.open(self.address, name=name) as campaign:
                await getattr(campaign, word)(by="Ann Lee")

        asyncio.run(say())

    def start(self, *arguments: str, quota: str | None = None, **variables: str) -> subprocess.Popen[str]:
        """A worker of its own process; its log goes to the file of its number."""
        environment = {
            **os.environ,
            "CUSTOMERSMS_LEDGER": self.address,
            "CUSTOMERSMS_API_KEY": KEY,
            "CUSTOMERSMS_URL": self.sandbox.url,
            "CUSTOMERSMS_QUOTA": self.server.url() if quota is None else quota,
            "XDG_STATE_HOME": str(self.folder / "state"),
            **variables,
        }
        with (self.folder / f"worker-{len(self._workers)}.log").open("w") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "customersms_async", "worker", *arguments],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=self.folder,
            )
        self._workers.append(process)
        return process

    def log(self, process: subprocess.Popen[str]) -> str:
        return (self.folder / f"worker-{self._workers.index(process)}.log").read_text(encoding="utf-8")

    def close(self) -> None:
        for process in self._workers:
            if process.poll() is None:
                process.kill()
            process.wait()

    def stop(self, process: subprocess.Popen[str]) -> int:
        process.send_signal(signal.SIGTERM)
        return process.wait(PATIENCE)

    def until(self, happened: Callable[[], bool], what: str = "") -> None:
        over = time.monotonic() + PATIENCE
        while not happened():
            if time.monotonic() > over:
                logs = "\n".join(f"--- {number}\n{self.log(one)}" for number, one in enumerate(self._workers))
                raise AssertionError(f"{what or happened} did not happen: {self.states()}\n{logs}")
            time.sleep(0.05)

    def states(self) -> Counter[str]:
        """How many campaigns are wanted how."""
        rows = self.server.sql(
            "SELECT state FROM (SELECT DISTINCT ON (campaign) campaign, state FROM customersms.campaign_wanted"
            " ORDER BY campaign, number DESC) w",
            database="app",
        )
        return Counter(state for (state,) in rows)

    def until_done(self, count: int) -> None:
        self.until(lambda: self.states()["done"] == count, f"the end of {count} campaigns")

    def recipients(self) -> Counter[str]:
        rows = self.server.sql("SELECT state, count(*) FROM customersms.campaign_recipients GROUP BY 1", database="app")
        return Counter(dict(rows))

    def sent(self) -> Counter[str]:
        """How often each number got its text."""
        return Counter(text.phone for text in self.sandbox.texts)

    def runners(self) -> int:
        ((count,),) = self.server.sql(
            "SELECT count(*) FROM customersms.campaign_leases WHERE holder IS NOT NULL", database="app"
        )
        return int(count)
