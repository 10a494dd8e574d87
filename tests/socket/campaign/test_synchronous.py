"""A server that waits for a synchronous standby before it acknowledges a commit."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign, LedgerError
from customersms_async._core.intake import Letter
from customersms_async._postgres import administration
from customersms_async.campaign._postgres.database_place import read_place
from customersms_async.campaign._postgres.ledger import PostgresLedger
from customersms_async.campaign.move import DoneStep, move_campaign
from customersms_async.campaign.move_states import MoveStep
from customersms_async.campaign.rows import Intent
from customersms_async.testing._contract.ledger_hosts import BEGUN
from support.postgres_servers import postgres_server

if TYPE_CHECKING:
    from pathlib import Path

    from support.postgres_servers import PostgresServerProcess

END = (
    "SELECT query LIKE '%campaign_begin%', pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
)
HELD_UP = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND wait_event_type IN ('IPC', 'Lock')"


def acknowledge_no_commit(server: PostgresServerProcess) -> None:
    """Have the server wait for a standby that is not there. It hears of that some time after it was told."""
    server.sql("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
    with ThreadPoolExecutor(1) as thread:
        held_up = False
        while not held_up:
            commit = thread.submit(server.sql, "SELECT pg_logical_emit_message(true, 'a test', '')")
            while not commit.done():
                held_up |= bool(server.sql(END))
            commit.exception()  # it was ended, or came before the server had heard of it


def end_the_intent(server: PostgresServerProcess, beginning: asyncio.Task[object]) -> None:
    """End what waits for the standby, until an intent was among it: a sign of life may come first, and hold it up."""
    while not any(is_intent for is_intent, _ in server.sql(END)):
        assert not beginning.done()
        time.sleep(0.01)


async def test_an_intent_that_no_standby_has_is_not_acknowledged_to_a_copy_of_the_call_either() -> None:
    """The server process that waited for the standby was ended, so the call is made again, and finds the intent."""
    with postgres_server() as server:
        ledger = await PostgresLedger.open(read_place(f"{server.url()}?lease=3#sync", None), create=True)
        await ledger.add([Letter(phone="+12120000001", text="Hi")], "Hi", None, ())
        await ledger.become_runner()
        await ledger.want(BEGUN)
        await asyncio.to_thread(acknowledge_no_commit, server)
        beginning = asyncio.create_task(ledger.begin(Intent([0], None, 30.0)))
        await asyncio.to_thread(end_the_intent, server, beginning)
        with pytest.raises(LedgerError, match="can't be used"):
            await beginning
        server.sql("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        ledger.hurry()
        await ledger.close()


def cancel_waits(server: PostgresServerProcess, over: threading.Event) -> None:
    while not over.wait(0.02):
        server.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")


@pytest.mark.parametrize("level", ["notice", "error"])
async def test_an_intent_that_no_standby_has_counts_as_not_begun_whatever_warnings_the_role_has(level: str) -> None:
    """The wait for the standby is cancelled, which is a success with a warning, that a role may have turned off."""
    with postgres_server() as server:
        server.sql(f"ALTER ROLE app SET client_min_messages = {level}")
        ledger = await PostgresLedger.open(read_place(f"{server.url()}#sync", None), create=True)
        await ledger.add([Letter(phone="+12120000001", text="Hi")], "Hi", None, ())
        await ledger.become_runner()
        await ledger.want(BEGUN)
        await asyncio.to_thread(acknowledge_no_commit, server)
        ledger.hurry()
        over = threading.Event()
        cancelling = threading.Thread(target=cancel_waits, args=(server, over))
        cancelling.start()
        try:
            with pytest.raises(LedgerError, match="wait for synchronous replication"):
                await ledger.begin(Intent([0], None, 30.0))
        finally:
            over.set()
            cancelling.join()
        server.sql("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        await ledger.close()


@pytest.mark.parametrize("level", ["notice", "error"])
async def test_a_campaign_is_not_moved_to_where_no_standby_has_it(level: str, tmp_path: Path) -> None:
    file = tmp_path / "spring.ledger"
    async with Campaign.open(file) as campaign:
        await campaign.add(["+12120000001"], "Hi")
    with postgres_server() as server:
        administration.migrate(server.url())
        server.sql(f"ALTER ROLE app SET client_min_messages = {level}")
        await asyncio.to_thread(acknowledge_no_commit, server)
        over = threading.Event()
        cancelling = threading.Thread(target=cancel_waits, args=(server, over))
        cancelling.start()
        done: list[DoneStep] = []
        try:
            with pytest.raises(LedgerError, match="wait for synchronous replication"):
                await move_campaign(file, f"{server.url()}#spring", by="Ann", told=done.append)
        finally:
            over.set()
            cancelling.join()
        assert done == []
        server.sql("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        await move_campaign(file, f"{server.url()}#spring", by="Ann", told=done.append)
        assert done[-1].step is MoveStep.ARRIVE


async def test_calls_that_are_given_up_keep_no_process_of_the_server() -> None:
    """Each would wait for the standby, or for one that does, until no other program can connect."""
    with postgres_server() as server:
        ledger = await PostgresLedger.open(read_place(f"{server.url()}?lease=1#sync", None), create=True)
        await asyncio.to_thread(acknowledge_no_commit, server)
        host = ledger._host
        assert host is not None
        for _ in range(3):
            await asyncio.to_thread(host.sign)
        while server.sql(HELD_UP) != [(0,)]:  # noqa: ASYNC110 - until the server has heard of it
            await asyncio.sleep(0.01)
        server.sql("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        await ledger.close()
