"""``RedisQuota`` and servers that are lost, badly set up or wrongly addressed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis.asyncio import Redis

from customersms_async import ConfigurationError, QuotaStoreError
from customersms_async._core.layers import Layer
from customersms_async.quota import RedisQuota
from support.ports import free_port
from support.real_time import PATIENCE, Stopwatch
from support.redis_servers import NO_DISK, ON_DISK, redis_server

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 1_000_000
HOUR = (Layer(100, 3_600 * SECOND),)
HOLD_US = 35 * SECOND
PASSWORD = "a-password"


async def taken(store: RedisQuota, key: str = "key") -> int:
    granted = await store.take(key, HOUR, HOLD_US)
    assert isinstance(granted, int), granted
    return granted


async def failure(store: RedisQuota) -> QuotaStoreError:
    """What every call says, and without a word of a password."""
    calls = (
        store.take("key", HOUR, HOLD_US),
        store.renew("key", 1, HOUR, HOLD_US),
        store.usage("key", HOUR),
        store.forecast_us("key", [(HOUR, 1)]),
        store.settle("key", 1),
        store.give_back("key", 1),
        store.pause("key", 1),
    )
    errors: list[QuotaStoreError] = []
    for call in calls:
        with pytest.raises(QuotaStoreError) as caught:
            await call
        errors.append(caught.value)
    assert {error.temporary for error in errors} == {errors[0].temporary}
    assert PASSWORD not in f"{store!r} {errors!r}"
    assert all(error.__cause__ is error.__context__ is None for error in errors)
    return errors[0]


async def test_a_refused_port_may_open_again() -> None:
    async with RedisQuota(f"redis://:{PASSWORD}@127.0.0.1:{free_port()}") as store:
        error = await failure(store)
    assert error.temporary
    assert "the quota's Redis server can't be used" in str(error)
    assert "Connect call failed" in str(error)


@pytest.mark.parametrize("own_client", [False, True])
async def test_a_server_that_never_answers_is_out_of_reach_after_the_timeout(own_client: bool) -> None:
    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(ignore, "127.0.0.1", 0)
    async with listener, contextlib.AsyncExitStack() as closing:
        url = f"redis://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        client = await closing.enter_async_context(Redis.from_url(url, socket_timeout=None)) if own_client else url
        store = await closing.enter_async_context(RedisQuota(client, timeout=0.05))
        with Stopwatch() as took:
            error = await failure(store)
        assert took.seconds < 7 * 0.05 + 0.5
    assert error.temporary


async def test_a_killed_server_counts_on_when_it_is_back(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        async with RedisQuota(server.url, timeout=PATIENCE) as store:
            first = await taken(store)
            await store.settle("key", await taken(store))
            await store.pause("key", 1)
            server.stop()
            error = await failure(store)
            assert error.temporary
            server.start()
            assert (await store.usage("key", HOUR))[0][0].used == 2
            await store.settle("key", first)
            await taken(store)
            assert (await store.usage("key", HOUR))[0][0].used == 3


async def test_a_server_that_still_loads_may_be_asked_again(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        async with RedisQuota(server.url, timeout=PATIENCE) as store, Redis.from_url(server.url) as client:
            await taken(store)
            async with client.pipeline(transaction=False) as pipeline:
                for number in range(20_000):  # it answers, that it loads, every 1,024 commands
                    pipeline.set(str(number), "")
                await pipeline.execute()
            server.stop()
            server.start("--key-load-delay", "300", ready=False)  # microseconds: six seconds, and a word every 0.3
            with pytest.raises(QuotaStoreError, match="loading") as caught:
                await store.take("key", HOUR, HOLD_US)
    assert caught.value.temporary


async def test_a_replica_may_become_the_primary(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        async with RedisQuota(server.url, timeout=PATIENCE) as store, Redis.from_url(server.url) as client:
            await taken(store)
            await client.replicaof("127.0.0.1", free_port())
            error = await failure(store)
            await client.replicaof("NO", "ONE")
            await taken(store)
    assert error.temporary
    assert "read only replica" in str(error)


async def test_a_server_that_misses_its_replicas_may_find_them(tmp_path: Path) -> None:
    with redis_server(tmp_path, *ON_DISK, "--min-replicas-to-write", "1") as server:
        async with RedisQuota(server.url, timeout=PATIENCE) as store:
            error = await failure(store)
    assert error.temporary
    assert "NOREPLICAS" in str(error)


async def test_a_full_server_grants_nothing_and_forgets_nothing(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        async with RedisQuota(server.url, timeout=PATIENCE) as store, Redis.from_url(server.url) as client:
            first, second = await taken(store), await taken(store)
            await client.config_set("maxmemory", "1mb")
            with pytest.raises(QuotaStoreError, match="maxmemory") as caught:
                await store.take("key", HOUR, HOLD_US)
            assert caught.value.temporary
            await store.settle("key", first)
            await store.give_back("key", second)
            await client.config_set("maxmemory", "0")
            assert (await store.usage("key", HOUR))[0][0].used == 1


async def test_lapses_on_a_full_server_are_not_half_done(tmp_path: Path) -> None:
    clock_us = [1_700_000_000 * SECOND]
    with redis_server(tmp_path) as server:
        async with (
            RedisQuota(server.url, clock=lambda: clock_us[0], timeout=PATIENCE) as store,
            Redis.from_url(server.url) as client,
        ):
            request = await taken(store)
            await taken(store)
            clock_us[0] += HOLD_US
            await client.config_set("maxmemory", "1mb")
            for call in (store.settle("key", request), store.take("key", HOUR, HOLD_US)):
                with pytest.raises(QuotaStoreError, match="maxmemory"):
                    await call
            await client.config_set("maxmemory", "0")
            (usage,), _ = await store.usage("key", HOUR)
    assert usage == (2, 3_600 * SECOND)


@pytest.mark.parametrize(
    ("user", "words"),
    [("", "authenticat"), (":wrong", "invalid username-password"), (f"weak:{PASSWORD}", "permissions")],
)
async def test_what_a_person_must_mend_is_not_waited_for(tmp_path: Path, user: str, words: str) -> None:
    weak = ("--user", "weak", "on", f">{PASSWORD}", "~*", "&*", "+@all", "-evalsha")
    with redis_server(tmp_path, *ON_DISK, "--user", "default", "on", f">{PASSWORD}", "~*", "+@all", *weak) as server:
        async with RedisQuota(server.url.replace("//", f"//{user}@" if user else "//"), timeout=PATIENCE) as store:
            error = await failure(store)
    assert not error.temporary
    assert words in str(error).lower()


async def test_a_script_that_may_not_write_is_not_waited_for(tmp_path: Path) -> None:
    weak = ("--user", "weak", "on", f">{PASSWORD}", "~*", "&*", "-@all", "+evalsha", "+eval", "+hmget", "+time")
    with redis_server(tmp_path, *ON_DISK, *weak) as server:
        async with RedisQuota(server.url.replace("//", f"//weak:{PASSWORD}@"), timeout=PATIENCE) as store:
            error = await failure(store)
    assert not error.temporary


async def test_each_danger_is_told_once_a_store(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with redis_server(tmp_path, *NO_DISK, "--maxmemory-policy", "allkeys-lru") as server:
        async with RedisQuota(server.url, timeout=PATIENCE) as store:
            await asyncio.gather(*(store.take(f"key {number}", HOUR, HOLD_US) for number in range(5)))
            await taken(store)
    no_disk, may_evict = caplog.messages
    assert "appendonly no" in no_disk
    assert "maxmemory-policy allkeys-lru" in may_evict


async def test_nothing_is_told_of_a_server_that_is_set_up_well(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tmp_path, *ON_DISK, "--maxmemory-policy", "noeviction") as server:
        async with RedisQuota(server.url, timeout=PATIENCE) as store:
            await taken(store)
    assert not caplog.messages


async def test_settings_that_nobody_may_read_are_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with redis_server(tmp_path, *NO_DISK, "--user", "app", "on", ">word", "~*", "&*", "+@all", "-info", "-config") as s:
        async with RedisQuota(s.url.replace("//", "//app:word@"), timeout=PATIENCE) as store:
            await taken(store)
            await taken(store)
    assert not caplog.messages


@pytest.mark.parametrize(
    "url",
    [
        "http://host",
        "redis://:cut/short@host",
        "redis://:cut#short@host:6379",
        "redis://:cut?short@host",
        "redis://:12/34@host",
        "host:6379",
    ],
)
def test_a_url_that_can_not_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="percent-encoded") as caught:
        RedisQuota(url)
    assert "cut" not in repr(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_a_client_that_blocks_is_refused() -> None:
    client: Any = redis.Redis()
    with pytest.raises(ConfigurationError, match=r"redis\.asyncio"):
        RedisQuota(client)


def test_a_prefix_that_would_spread_a_key_over_a_cluster_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="hash slot"):
        RedisQuota("redis://localhost", "{}:")
