"""A server that waits for a synchronous standby before it acknowledges a commit."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from customersms_async import LedgerError
from customersms_async._core.intake import Letter
from customersms_async.campaign._postgres.ledger import PostgresLedger
from customersms_async.campaign._postgres.place import read_place
from customersms_async.campaign.rows import Intent
from customersms_async.testing._contract.ledger_hosts import BEGUN
from support.postgres_servers import postgres_server

if TYPE_CHECKING:
    from support.postgres_servers import PostgresServerProcess

WAITS = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%campaign_begin%'"


def end_what_waits(server: PostgresServerProcess) -> None:
    while not server.sql(f"SELECT pg_terminate_backend(pid) {WAITS}"):
        time.sleep(0.01)


async def test_an_intent_that_no_standby_has_is_not_acknowledged_to_a_copy_of_the_call_either() -> None:
    """The server process that waited for the standby was ended, so the call is made again, and finds the intent."""
    with postgres_server() as server:
        ledger = await PostgresLedger.open(read_place(f"{server.url()}?lease=3#sync", None), create=True)
        await ledger.add([Letter(phone="+12120000001", text="Hi")], "Hi", None, ())
        await ledger.become_runner()
        await ledger.want(BEGUN)
        server.sql("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
        beginning = asyncio.create_task(ledger.begin(Intent([0], None, 30.0)))
        await asyncio.to_thread(end_what_waits, server)
        with pytest.raises(LedgerError, match="can't be used"):
            await beginning
        server.sql("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        ledger.hurry()
        await ledger.close()
