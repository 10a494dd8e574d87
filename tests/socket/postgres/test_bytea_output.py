"""A database whose bytes come in PostgreSQL's older format: every store reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign, Message, PostgresIdempotency, PostgresSuppression
from customersms_async._postgres import administration
from customersms_async.campaign._sqlite.ledger import SQLiteLedger
from customersms_async.campaign.states import State
from support.campaign_steps import MakeClient, people, run

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.sandbox import Sandbox
    from support.postgres_servers import PostgresServerProcess

TEXT = r"Grüße \x41 \\ \101 🎉"


@pytest.fixture
def url(database: str, started_postgres: PostgresServerProcess) -> str:
    started_postgres.sql(f"ALTER DATABASE {database} SET bytea_output = 'escape'")
    url = started_postgres.url(database=database)
    administration.migrate(url, [])
    return url


async def test_a_campaign_is_sent_and_packed(
    url: str, make_client: MakeClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    async with Campaign.open(url, name=TEXT[:5]) as campaign:
        await campaign.add(people(3), TEXT)
        await run(campaign, make_client())
        assert {text.message for text in sandbox.texts} == {TEXT}
        await campaign.ledger.pack(tmp_path / "packed")
        listed = [one async for page in campaign.pages() for one in page]
    packed = await SQLiteLedger.open(tmp_path / "packed", create=False)
    assert [(one.phone, one.message_id) for one in await packed.entries(0, [State.ACCEPTED])] == [
        (one.phone, one.message_id) for one in listed
    ]
    await packed.close()


async def test_suppressed_numbers_and_idempotency_keys_are_read(
    url: str, make_client: MakeClient, sandbox: Sandbox
) -> None:
    async with PostgresSuppression(url) as store, PostgresIdempotency(url) as keys:
        await store.add("+12125551234", why=TEXT, by="Ann")
        assert [(entry.why, entry.by) for entry in await store.entries()] == [(TEXT, "Ann")]
        client = make_client(idempotency=keys)
        sent = [Message("+12125550000", "Hi", idempotency_key="key") for _ in range(2)]
        first, second = [await client.send_many([message]) for message in sent]
    assert first.outcomes[0].message_id == second.outcomes[0].message_id
    assert len(sandbox.texts) == 1
