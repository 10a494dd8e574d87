"""A run in whose ledger another process may still be sending: it is not over before that is known."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

import pytest

from customersms_async import Campaign, CampaignStoppedError, LedgerError, Outcome
from customersms_async._sending.open_client import open_client
from customersms_async._sending.stream import OutcomeStream
from customersms_async.campaign.guards import Guards
from customersms_async.campaign.runner import Runner
from customersms_async.campaign.terms import CampaignTerms
from customersms_async.sandbox import Fault, Sandbox
from support.campaign_steps import MakeClient, counted, people

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from customersms_async import AsyncClient
    from customersms_async.campaign.protocol import CampaignLedger
    from support.postgres_servers import PostgresServerProcess


class SharedLedger:
    """A ledger over which another process sends as well, for ``seconds`` more each time it is asked.

    Before it is known to send no more, ``meanwhile`` happens.
    """

    def __init__(self, ledger: CampaignLedger, seconds: list[float], meanwhile: Callable[[], Awaitable[Any]]) -> None:
        self._ledger = ledger
        self._meanwhile = meanwhile
        self.seconds = seconds
        self.asked = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    async def recover(self) -> float | None:
        self.asked.set()
        if not self.seconds:
            return None
        await self._meanwhile()
        return self.seconds.pop()


def run_over(ledger: SharedLedger, client: AsyncClient) -> OutcomeStream:
    def start() -> Runner:
        handle, guards = open_client(client), Guards()
        terms = CampaignTerms.of(handle.sender, guards)
        runner = Runner(cast("CampaignLedger", ledger), handle, guards, (), terms)
        handle.watch(runner)
        return runner

    return OutcomeStream(start)


async def drain(stream: OutcomeStream) -> list[Outcome]:
    return [outcome async for outcome in stream]


async def test_whoever_is_planned_by_what_another_process_tells_is_sent_to_by_the_same_run(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    sandbox.misbehave([Fault.STATUS_502])
    client = make_client(batch_size=10, max_concurrency=1)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(20), "Hello")
        ledger = SharedLedger(
            campaign.ledger, [0.05, 0.05], lambda: campaign.resolve("unknown", as_="planned", by="Ann")
        )
        assert len(await drain(run_over(ledger, client))) == 30
        assert ledger.seconds == [], "it looked again until nobody was sending any more"
        assert await counted(campaign) == {"accepted": 20}


@pytest.mark.parametrize("end", ["pause", "leave", "close"])
async def test_a_run_that_waits_for_another_process_ends_at_once_when_it_is_to(
    make_client: MakeClient, path: Path, end: str
) -> None:
    client = make_client()
    async with Campaign.open(path) as campaign:
        await campaign.add(people(3), "Hello")
        ledger = SharedLedger(campaign.ledger, [600.0], lambda: asyncio.sleep(0))
        stream = run_over(ledger, client)
        running = asyncio.create_task(drain(stream))
        await ledger.asked.wait()
        began = time.monotonic()
        if end == "pause":
            await campaign.pause(by="Ann")
        elif end == "leave":
            running.cancel()
        else:
            await client.aclose()
        await asyncio.wait([running], timeout=30.0)
        assert running.done()
        await stream.aclose()
        assert time.monotonic() - began < 10.0
        assert await counted(campaign) == {"accepted": 3}


@pytest.mark.parametrize("kind", ["file", "database"])
async def test_two_runs_of_one_campaign_go_one_after_the_other(
    make_client: MakeClient, sandbox: Sandbox, path: Path, shared_postgres: PostgresServerProcess, kind: str
) -> None:
    """The second is refused, or waits if it is to: never do both send."""
    client = make_client(batch_size=1, max_concurrency=1)
    async with Campaign.open(path if kind == "file" else f"{shared_postgres.url()}#spring") as campaign:
        await campaign.add(people(20), "Hello")
        first = campaign.run(client, max_recipients=10)
        seen = [await anext(first)]
        with pytest.raises(LedgerError, match="a campaign is running on it: process"):
            await drain(campaign.run(client))
        waiting = asyncio.create_task(drain(campaign.run(client, wait=True)))
        with pytest.raises(CampaignStoppedError, match="10 recipients is the most"):
            async for outcome in first:
                seen.append(outcome)
        assert len(seen) == 10
        assert len(await waiting) == 10
        assert await counted(campaign) == {"accepted": 20}
    assert sandbox.duplicates() == ()
