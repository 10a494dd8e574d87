"""What a store says of a server that is away, or that a person must mend; and that no password is ever shown."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import threading
from typing import TYPE_CHECKING

import psycopg
import pytest

from customersms_async import (
    IdempotencyStoreError,
    PostgresIdempotency,
    PostgresQuota,
    PostgresSuppression,
    QuotaStoreError,
    SuppressionStoreError,
)
from customersms_async._core.idempotency_record import Claim
from customersms_async._core.layers import Layer, Wait
from customersms_async._postgres import administration
from support.ports import free_port
from support.postgres_servers import PASSWORD, postgres_server
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.postgres_servers import PostgresServerProcess

HOUR = (Layer(100, 3_600_000_000),)
HOLD_US = 35_000_000


@pytest.fixture
def role(shared_postgres: PostgresServerProcess) -> Iterator[str]:
    """A role of a test's own that may do all that the owner of the schema may."""
    administration.migrate(shared_postgres.url())
    name = f"role_{secrets.token_hex(6)}"
    shared_postgres.sql(f"CREATE ROLE {name} LOGIN", f"GRANT app TO {name}")
    yield name
    shared_postgres.sql(f"DROP ROLE {name}")


async def failure(url: str, timeout: float = PATIENCE) -> QuotaStoreError:
    async with PostgresQuota(url, timeout=timeout) as store:
        with pytest.raises(QuotaStoreError, match="the quota's PostgreSQL server can't be used: ") as caught:
            await store.take("key", HOUR, HOLD_US)
    assert caught.value.__cause__ is None
    return caught.value


async def taken(store: PostgresQuota, key: str = "key") -> int:
    granted = await store.take(key, HOUR, HOLD_US)
    assert isinstance(granted, int)
    return granted


async def test_a_server_that_is_away_may_be_back_and_is_used_again_then() -> None:
    with postgres_server() as server:
        async with PostgresQuota(server.url(), timeout=PATIENCE) as store:
            await taken(store)
            for how in (signal.SIGQUIT, signal.SIGINT):
                server.stop(how)
                with pytest.raises(QuotaStoreError) as caught:
                    await store.take("key", HOUR, HOLD_US)
                assert caught.value.temporary
                server.start()
                await taken(store)
            assert (await store.usage("key", HOUR))[0][0].used == 3, "what nobody heard of was let go"


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
async def test_nobody_at_the_address_may_pass_by_itself(host: str) -> None:
    assert (await failure(f"postgresql://app@{host}:{free_port()}/app")).temporary


async def test_connections_that_the_server_ended_cost_no_call(shared_postgres: PostgresServerProcess) -> None:
    async with PostgresQuota(shared_postgres.url(), timeout=PATIENCE) as store:
        await asyncio.gather(*(taken(store, f"key {number}") for number in range(20)))
        for _ in range(3):
            shared_postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
            await asyncio.gather(*(taken(store, f"key {number}") for number in range(20)))


async def test_a_server_that_does_not_answer_in_time_is_out_of_reach_and_nothing_stays_locked(
    shared_postgres: PostgresServerProcess,
) -> None:
    async with PostgresQuota(shared_postgres.url(), timeout=1.0) as store:
        request = await taken(store)
        with psycopg.connect(shared_postgres.url()) as other:
            other.execute("SELECT FROM customersms.quota_keys FOR UPDATE")
            with pytest.raises(QuotaStoreError, match="no answer in time") as caught:
                await store.take("key", HOUR, HOLD_US)
            assert caught.value.temporary
        await store.settle("key", request)
        assert isinstance(await store.take("key", HOUR, HOLD_US), int)


async def test_a_server_that_is_full_may_have_room_again(shared_postgres: PostgresServerProcess, role: str) -> None:
    shared_postgres.sql(f"ALTER ROLE {role} CONNECTION LIMIT 0")
    assert (await failure(shared_postgres.url(role))).temporary


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ({"database": "none"}, "does not exist"),
        ({"role": "nobody_here"}, "does not exist"),
    ],
)
async def test_what_is_not_there_is_for_a_person(
    shared_postgres: PostgresServerProcess, where: dict[str, str], why: str
) -> None:
    error = await failure(shared_postgres.url(**where))
    assert why in str(error)
    assert not error.temporary


async def test_tls_that_the_server_has_not_is_for_a_person(shared_postgres: PostgresServerProcess) -> None:
    assert not (await failure(f"{shared_postgres.url()}?sslmode=require")).temporary
    missing = f"{shared_postgres.url()}?sslmode=verify-full&sslrootcert=/no/such/file"
    assert not (await failure(missing)).temporary


@pytest.mark.parametrize("known", [PASSWORD, "another"])
async def test_a_refused_password_is_for_a_person_and_is_not_shown(known: str) -> None:
    with postgres_server() as server:
        server.sql("CREATE ROLE careful LOGIN", "GRANT app TO careful", f"ALTER ROLE careful PASSWORD '{known}'")
        server.ask_for_the_password_of("careful")
        url = server.url("careful", password=PASSWORD)
        if known == PASSWORD:
            async with PostgresQuota(url, timeout=PATIENCE) as store:
                await taken(store)
                assert PASSWORD not in repr(store)
                assert "that%20must" not in repr(store)
            return
        error = await failure(url)
        assert not error.temporary
        assert PASSWORD not in str(error)
        assert "password authentication failed" in str(error)


async def test_a_server_that_only_reads_is_for_a_person_unless_it_was_written_before(
    shared_postgres: PostgresServerProcess, role: str
) -> None:
    """As in a fail-over, where a name leads to a standby for a while."""
    url = shared_postgres.url(role)
    async with PostgresQuota(url, timeout=PATIENCE) as store:
        await taken(store)
        shared_postgres.sql(f"ALTER ROLE {role} SET default_transaction_read_only = on")
        shared_postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")  # noqa: S608 - made here
        with pytest.raises(QuotaStoreError) as caught:
            await store.take("key", HOUR, HOLD_US)
        assert caught.value.temporary
        error = await failure(url)
        assert not error.temporary
        assert "see default_transaction_read_only of the user" in str(error)
        shared_postgres.sql(f"ALTER ROLE {role} RESET default_transaction_read_only")
        await taken(store)


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
async def test_calls_that_meet_are_made_again_where_the_role_isolates_them(
    shared_postgres: PostgresServerProcess, role: str, level: str
) -> None:
    shared_postgres.sql(f"ALTER ROLE {role} SET default_transaction_isolation = '{level}'")
    async with PostgresQuota(shared_postgres.url(role), timeout=PATIENCE) as store:
        found = await asyncio.gather(*(store.take("key", (Layer(20, 10**9),), HOLD_US) for _ in range(60)))
        assert sum(isinstance(each, int) for each in found) == 20


@pytest.mark.parametrize("level", ["notice", "error"])
async def test_a_commit_that_no_standby_has_counts_as_not_done(level: str) -> None:
    """A cancelled wait for a synchronous standby is a success with a warning; it may be lost in a fail-over."""
    with postgres_server() as server:
        async with (
            PostgresQuota(server.url(), timeout=PATIENCE) as store,
            PostgresIdempotency(server.url(), timeout=PATIENCE) as keys,
            PostgresSuppression(server.url(), timeout=PATIENCE) as listed,
        ):
            server.sql("ALTER ROLE app SET synchronous_commit = off")
            server.sql(f"ALTER ROLE app SET client_min_messages = {level}")
            await taken(store)
            await keys.look([b"key"])
            server.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
            ended = threading.Event()

            def cancel_waits() -> None:
                while not ended.wait(0.05):
                    server.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")

            cancelling = threading.Thread(target=cancel_waits)
            cancelling.start()
            try:
                with contextlib.suppress(QuotaStoreError):
                    while True:  # until all of the server has heard of it
                        await store.give_back("probe", await taken(store, "probe"))
                with pytest.raises(QuotaStoreError, match="wait for synchronous replication") as caught:
                    await store.take("key", HOUR, HOLD_US)
                assert caught.value.temporary
                with pytest.raises(IdempotencyStoreError, match="wait for synchronous replication"):
                    await keys.claim(Claim(b"claim", 10**8), [(b"key", b"content")])
                with pytest.raises(SuppressionStoreError, match="wait for synchronous replication"):
                    await listed.add("+12125551234")
            finally:
                ended.set()
                cancelling.join()
            server.sql("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
            assert isinstance(await store.take("key", HOUR, HOLD_US), int)
            assert (await store.usage("key", HOUR))[0][0].used == 2, "what counted as not done was let go"


async def test_a_grant_is_durable_whatever_the_role_says_and_an_answer_need_not_be(
    shared_postgres: PostgresServerProcess, role: str
) -> None:
    shared_postgres.sql(f"ALTER ROLE {role} SET synchronous_commit = off")
    async with PostgresQuota(shared_postgres.url(role), timeout=PATIENCE) as store:
        await taken(store)
    with psycopg.connect(shared_postgres.url(role)) as other:
        for call, given, expected in (
            ("take", "{1, 1000, 0, 5, 1000}", "on"),
            ("settle", "{1}", "off"),
            ("pause", "{2, 1}", "on"),
            ("take", "{3, 1000, 0, 1, 1000000000}", "off"),
        ):
            other.execute("SELECT customersms.quota('other', NULL, %s, false, %s)", (call, given))
            assert other.execute("SHOW synchronous_commit").fetchone() == (expected,), call
            other.commit()


async def test_what_was_granted_and_claimed_is_there_after_a_crash_whatever_the_role_says() -> None:
    """Each time the server is ended as soon as it has answered: it would not have written yet what it need not."""
    with postgres_server(wal_writer_delay="10s") as server:
        server.sql("ALTER ROLE app SET synchronous_commit = off")
        async with (
            PostgresQuota(server.url(), timeout=PATIENCE) as store,
            PostgresIdempotency(server.url(), timeout=PATIENCE) as keys,
        ):
            for number in range(1, 4):
                key = b"key %d" % number
                await taken(store)
                server.stop()
                server.start()
                assert (await store.usage("key", HOUR))[0][0].used == number
                assert await keys.claim(Claim(b"claim %d" % number, 10**8), [(key, b"content")]) == [None]
                server.stop()
                server.start()
                assert (await keys.look([key]))[0] is not None


async def test_a_cancelled_call_leaves_every_connection_as_good_as_before(
    shared_postgres: PostgresServerProcess,
) -> None:
    """At whatever moment it is cancelled; what nobody heard of is let go with the next call."""
    async with PostgresQuota(shared_postgres.url(), timeout=PATIENCE) as store:
        await taken(store)
        for number in range(60):
            task = asyncio.ensure_future(store.take("key", HOUR, HOLD_US))
            await asyncio.sleep(0.0001 * number)
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                await store.give_back("key", int(str(task.result())))
        for _ in range(16):
            assert not isinstance(await store.take("key", HOUR, HOLD_US), Wait)
        assert (await store.usage("key", HOUR))[0][0].used == 17
    backends = shared_postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state <> 'idle'")
    assert backends == [(0,)]
