"""How a server is named, and shared: addresses, pools, poolers, threads, forks, pickles."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import secrets
import threading
from typing import TYPE_CHECKING

import pytest
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from customersms_async import (
    ConfigurationError,
    PostgresIdempotency,
    PostgresQuota,
    PostgresSuppression,
    QuotaStoreError,
)
from customersms_async._core.idempotency_record import Claim
from customersms_async._core.layers import Layer
from support.platforms import needs_posix
from support.postgres_servers import pgbouncer
from support.real_time import PATIENCE
from support.threads import in_threads

if TYPE_CHECKING:
    from pathlib import Path

    from support.postgres_servers import PostgresServerProcess

HOUR = (Layer(100, 3_600_000_000),)
HOLD_US = 35_000_000


async def all_used(
    quota: PostgresQuota, keys: PostgresIdempotency, suppression: PostgresSuppression, number: int
) -> None:
    request = await quota.take("key", HOUR, HOLD_US)
    assert isinstance(request, int)
    await quota.settle("key", request)
    claim, key = secrets.token_bytes(10), secrets.token_bytes(16)
    assert await keys.claim(Claim(claim, 10**8), [(key, b"content")]) == [None]
    assert await suppression.add(f"+1212555{number:04}") == 1
    assert await suppression.suppressed([f"+1212555{number:04}"])


async def test_it_works_through_a_pooler_that_gives_every_call_another_connection(
    shared_postgres: PostgresServerProcess,
) -> None:
    name = "app"
    shared_postgres.sql("DROP SCHEMA IF EXISTS customersms CASCADE", database=name)
    with pgbouncer(shared_postgres) as port:
        url = f"postgresql://app@127.0.0.1:{port}/app"
        async with (
            PostgresQuota(url, timeout=PATIENCE) as quota,
            PostgresIdempotency(url, timeout=PATIENCE) as keys,
            PostgresSuppression(url, timeout=PATIENCE) as suppression,
        ):
            await asyncio.gather(*(all_used(quota, keys, suppression, number) for number in range(40)))
            assert (await quota.usage("key", HOUR))[0][0].used == 40
    assert shared_postgres.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]


@pytest.mark.parametrize("autocommit", [False, True])
async def test_several_stores_share_a_pool_and_leave_its_connections_as_they_were(
    shared_postgres: PostgresServerProcess, autocommit: bool
) -> None:
    with ConnectionPool(
        shared_postgres.url(), min_size=1, max_size=3, open=True, kwargs={"autocommit": autocommit}
    ) as pool:
        quota, keys = PostgresQuota(pool, timeout=PATIENCE), PostgresIdempotency(pool, timeout=PATIENCE)
        suppression = PostgresSuppression(pool, timeout=PATIENCE)
        assert repr(quota) == "PostgresQuota(a pool of the caller's)"
        await asyncio.gather(*(all_used(quota, keys, suppression, number) for number in range(20)))
        shared_postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
        await asyncio.gather(*(all_used(quota, keys, suppression, number) for number in range(20, 40)))
        for store in (quota, keys, suppression):
            await store.aclose()
            with pytest.raises(TypeError, match="pool of your own can't be pickled"):
                pickle.dumps(store)
        with pool.connection() as connection:
            assert connection.autocommit is autocommit
            assert connection.execute("SELECT 1").fetchone() == (1,)


@needs_posix
def test_a_forked_child_can_t_use_its_parent_s_pool_and_says_so(shared_postgres: PostgresServerProcess) -> None:
    with ConnectionPool(shared_postgres.url(), min_size=1, max_size=2, open=True) as pool:
        quota = PostgresQuota(pool, timeout=PATIENCE)
        assert isinstance(asyncio.run(quota.take("key", HOUR, HOLD_US)), int)
        reading, writing = os.pipe()
        if not (child := os.fork()):
            try:
                with pytest.raises(QuotaStoreError, match="before this process was forked") as caught:
                    asyncio.run(quota.usage("key", HOUR))
                os.write(writing, b"temporary" if caught.value.temporary else b"for a person")
            finally:
                os._exit(0)
        os.close(writing)
        assert os.read(reading, 100) == b"for a person"
        os.close(reading)
        os.waitpid(child, 0)
        assert isinstance(asyncio.run(quota.take("key", HOUR, HOLD_US)), int)
        quota.close()


async def test_a_closed_pool_is_for_a_person(shared_postgres: PostgresServerProcess) -> None:
    pool = ConnectionPool(shared_postgres.url(), min_size=1, open=True)
    pool.close()
    async with PostgresQuota(pool, timeout=PATIENCE) as quota:
        with pytest.raises(QuotaStoreError, match="closed") as caught:
            await quota.usage("key", HOUR)
        assert not caught.value.temporary


async def test_an_answer_is_stored_though_nobody_waits_for_that(shared_postgres: PostgresServerProcess) -> None:
    """Also where all threads were busy when its caller was cancelled."""
    async with PostgresQuota(shared_postgres.url(), timeout=PATIENCE) as quota:
        requests = [await quota.take("key", HOUR, HOLD_US) for _ in range(20)]
        calls = [asyncio.ensure_future(quota.give_back("key", int(str(request)))) for request in requests]
        await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
    async with PostgresQuota(shared_postgres.url(), timeout=PATIENCE) as quota:
        assert (await quota.usage("key", HOUR))[0][0].used == 0


async def test_what_can_t_be_asked_is_refused_when_it_is_made(shared_postgres: PostgresServerProcess) -> None:
    for wrong in ("redis://host", "http://host/app", "app", "postgresql://host/app?word=1", "host=a nonsense=b c"):
        with pytest.raises(ConfigurationError, match="PostgresQuota can't read its URL") as caught:
            PostgresQuota(wrong)
        assert wrong not in str(caught.value)
    async with AsyncConnectionPool(shared_postgres.url(), open=False) as pool:
        for wrong_type in (pool, 5):
            with pytest.raises(ConfigurationError, match=r"needs a URL or a psycopg_pool\.ConnectionPool"):
                PostgresSuppression(wrong_type)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ConfigurationError, match="failover must be"):
        PostgresQuota("", failover="never")
    with pytest.raises(ConfigurationError, match="timeout must be"):
        PostgresQuota("", timeout=0)


def test_the_address_is_shown_without_user_password_and_options() -> None:
    url = "postgresql://me:a%20word@one:5433,two:5434/app?sslmode=require"
    assert repr(PostgresQuota(url)) == "PostgresQuota('postgresql://one:5433,two:5434/app')"
    assert repr(PostgresQuota("host=db dbname=app password=word")) == "PostgresQuota('postgresql://db/app')"
    assert repr(PostgresSuppression("")) == "PostgresSuppression('postgresql:///')"


async def test_what_the_address_does_not_say_comes_from_the_environment_and_a_service_file(
    shared_postgres: PostgresServerProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", str(shared_postgres.port))
    monkeypatch.setenv("PGUSER", "app")
    async with PostgresQuota("postgresql:///app", timeout=PATIENCE) as store:
        assert isinstance(await store.take("key", HOUR, HOLD_US), int)
    for name in ("PGHOST", "PGPORT", "PGUSER"):
        monkeypatch.delenv(name)
    services = tmp_path / "services"
    services.write_text(f"[texts]\nhost=127.0.0.1\nport={shared_postgres.port}\nuser=app\ndbname=app\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    async with PostgresQuota("service=texts", timeout=PATIENCE) as store:
        assert (await store.usage("key", HOUR))[0][0].used == 1


async def test_a_store_comes_back_from_a_pickle_with_all_its_options(shared_postgres: PostgresServerProcess) -> None:
    store = PostgresIdempotency(
        shared_postgres.url(), secret="a secret", keep=60, failover="trust", timeout=PATIENCE
    ).namespaced("one")
    key = store.hashes.of_send("key", "+12125551234", "Hello")
    await store.claim(Claim(b"claim", 10**8), [(key.key, key.content)])
    async with pickle.loads(pickle.dumps(store)) as again:  # noqa: S301 - made here
        assert (await again.look([again.hashes.key_of_send("key")]))[0] is not None
        assert again._server.trusts
        assert again._server.timeout == PATIENCE
    await store.aclose()
    for other in (PostgresQuota("", failover="trust", timeout=7), PostgresSuppression("", timeout=7)):
        copied = pickle.loads(pickle.dumps(other))  # noqa: S301 - made here
        assert (copied._server.failover, copied._server.timeout) == ("trust", 7)


async def test_a_closed_store_stays_closed(shared_postgres: PostgresServerProcess) -> None:
    store = PostgresSuppression(shared_postgres.url(), timeout=PATIENCE)
    await store.suppressed([])
    store.close()
    with pytest.raises(Exception, match="closed by this program") as caught:
        await store.suppressed([])
    assert not getattr(caught.value, "temporary", True)
    await store.aclose()


async def test_a_store_that_is_dropped_ends_its_threads_and_connections(
    shared_postgres: PostgresServerProcess,
) -> None:
    before = set(threading.enumerate())
    store = PostgresQuota(shared_postgres.url(), timeout=PATIENCE)
    await asyncio.gather(*(store.take(f"key {number}", HOUR, HOLD_US) for number in range(30)))
    threads = set(threading.enumerate()) - before
    assert 1 <= len(threads) <= 8
    del store
    gc.collect()
    for thread in threads:
        await asyncio.to_thread(thread.join, PATIENCE)
        assert not thread.is_alive()


def test_threads_with_loops_of_their_own_share_a_store(shared_postgres: PostgresServerProcess) -> None:
    store = PostgresQuota(shared_postgres.url(), timeout=PATIENCE)

    async def takes() -> None:
        for _ in range(10):
            assert isinstance(await store.take("key", HOUR, HOLD_US), int)

    in_threads(4, takes)
    assert asyncio.run(store.usage("key", HOUR))[0][0].used == 40
    store.close()
