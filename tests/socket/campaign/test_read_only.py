"""A server that only reads: what looks at a campaign works there, what would change it is an error at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Campaign, LedgerError, MemoryQuota, PostgresQuota, QuotaStoreError
from customersms_async._core.layers import Layer
from customersms_async._postgres import administration
from customersms_async._sending.open_client import open_client
from customersms_async.campaign._worker.clients import WorkerClients
from customersms_async.campaign._worker.worker import Worker
from customersms_async.campaign.guards import Guards
from customersms_async.campaign.listing import campaigns_in
from customersms_async.campaign.terms import CampaignTerms
from customersms_async.campaign.wanted import WantedChange
from customersms_async.campaign.wanted_states import WantedEvent
from support.campaign_steps import people
from support.postgres_servers import folder_of_its_user, postgres_server
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.postgres_servers import PostgresServerProcess

KEY = "cspro_a_key_that_must_never_show"
SETTING = "default_transaction_read_only"


def client_of() -> AsyncClient:
    return AsyncClient(api_key=KEY, url="http://127.0.0.1:9/", quota=MemoryQuota())


@pytest.fixture(scope="module", params=["standby", "setting"])
def reading(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """The address of a database with a campaign that is wanted, where nothing can be written, and why that is so."""

    async def fill(url: str) -> None:
        async with client_of() as client, Campaign.open(url, name="spring") as campaign:
            await campaign.add(people(3), "Hello")
            terms = CampaignTerms.of(open_client(client).sender, Guards())
            await campaign.ledger.want(WantedChange(event=WantedEvent.BEGUN, by="a test", terms=terms))

    with postgres_server(wal_level="replica", max_wal_senders="4") as server, folder_of_its_user() as folder:
        administration.migrate(server.url())
        asyncio.run(fill(server.url()))
        if request.param == "setting":
            server.sql(f"ALTER ROLE app SET {SETTING} = on")
            yield server.url(), f"its transactions only read: see {SETTING}"
            return
        standby: PostgresServerProcess = server.copy(folder)
        try:
            yield standby.url(), "it is a standby, which only reads"
        finally:
            standby.stop()


async def test_what_only_looks_works_there(reading: tuple[str, str]) -> None:
    url, _ = reading
    async with Campaign.open(url, name="spring", create=False) as campaign:
        assert (await campaign.counts())["planned"] == 3  # type: ignore[index]  # the states are text
        assert [entry.phone for page in [page async for page in campaign.pages()] for entry in page] == people(3)
        now = await campaign.wanted()
        assert now is not None
        assert now.state == "run"
    (listed,) = await campaigns_in(url)
    assert listed.name == "spring"


async def test_what_would_change_something_is_an_error_at_once_that_says_why(reading: tuple[str, str]) -> None:
    url, why = reading
    async with Campaign.open(url, name="spring", create=False) as campaign:
        with pytest.raises(LedgerError, match=why):
            await campaign.pause(by="Ann")
        async with client_of() as client:
            with pytest.raises(LedgerError, match=why):
                async for _ in campaign.run(client):
                    pass
    async with PostgresQuota(url, timeout=PATIENCE) as quota:
        with pytest.raises(QuotaStoreError, match=why) as caught:
            await quota.take("key", (Layer(5, 1_000_000),), 1_000)
        assert not caught.value.temporary


async def test_no_worker_can_use_it(reading: tuple[str, str]) -> None:
    url, why = reading
    async with client_of() as client:
        sender = open_client(client).sender
        worker = Worker(url, WorkerClients({sender.secret.key_id: client}, {}, sender.url, None), 1, lambda _: None)
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(LedgerError, match=why):
                await worker.run()
