"""``RedisQuota`` on a real cluster of three servers."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis, RedisCluster

from customersms_async import QuotaStoreError
from customersms_async._core.layers import Layer, Wait
from customersms_async.quota import RedisQuota
from support.real_time import PATIENCE
from support.redis_servers import redis_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.redis_servers import RedisServer

HOUR = (Layer(2, 3_600_000_000),)
HOLD_US = 35_000_000


pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning", "ignore:loop is closed:ResourceWarning")


@pytest.fixture(autouse=True)
def _left_open() -> Iterator[None]:
    """What redis-py's cluster client leaves open when it loses a node is not another test's concern."""
    yield
    for _ in range(3):
        gc.collect()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RedisServer]]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as servers:
        yield servers


async def test_every_call_works_on_a_cluster_and_a_key_keeps_to_one_hash_slot(cluster: list[RedisServer]) -> None:
    async with RedisCluster(host="127.0.0.1", port=cluster[0].port) as client:
        store = RedisQuota(client, timeout=PATIENCE)
        for number in range(12):  # on all three servers, each of which has to learn the script
            key = f"fingerprint {number}"
            first, second = await store.take(key, HOUR, HOLD_US), await store.take(key, HOUR, HOLD_US)
            assert isinstance(first, int)
            assert isinstance(second, int)
            assert isinstance(await store.take(key, HOUR, HOLD_US), Wait)
            await store.settle(key, first)
            renewed = await store.renew(key, second, HOUR, HOLD_US)
            assert isinstance(renewed, int)
            await store.give_back(key, renewed)
            await store.pause(key, 60_000_000)
            (usage,), paused_us = await store.usage(key, HOUR)
            assert usage.used == 1
            assert 0 < paused_us <= 60_000_000
            assert 3_500_000_000 < await store.forecast_us(key, [(HOUR, 2)]) <= 3_600_000_000
        await store.aclose()
        assert await client.ping()
        sizes = [await client.execute_command("DBSIZE", target_nodes=[node]) for node in client.get_primaries()]
    assert all(sizes)
    assert sum(sizes) == 36, "a state, a log and what is done with of each: nothing is held"


async def test_the_settings_of_all_nodes_are_looked_at(
    cluster: list[RedisServer], caplog: pytest.LogCaptureFixture
) -> None:
    async with RedisCluster(host="127.0.0.1", port=cluster[0].port) as client:
        await RedisQuota(client, timeout=PATIENCE).take("at first all is well", HOUR, HOLD_US)
        assert not caplog.messages
        async with Redis.from_url(cluster[2].url) as last:
            await last.config_set("maxmemory-policy", "volatile-ttl")
            await RedisQuota(client, timeout=PATIENCE).take("then one node may evict", HOUR, HOLD_US)
            await last.config_set("maxmemory-policy", "noeviction")
    (message,) = caplog.messages
    assert "may evict (maxmemory-policy volatile-ttl)" in message


async def test_a_plain_client_of_a_cluster_is_told_so(cluster: list[RedisServer]) -> None:
    async with Redis.from_url(cluster[0].url) as client:
        failures = []
        for number in range(6):
            try:
                await RedisQuota(client, timeout=PATIENCE).usage(f"key {number}", HOUR)
            except QuotaStoreError as error:
                failures.append(error)
    assert failures
    assert all("RedisCluster" in str(error) and not error.temporary for error in failures)


async def test_a_node_that_is_down_stops_only_its_own_keys(cluster: list[RedisServer]) -> None:
    async with RedisCluster(host="127.0.0.1", port=cluster[0].port) as client:
        nodes = {}
        for key in map(str, range(50)):
            node = client.get_node_from_key(f"{{{key}}}")
            assert node is not None
            nodes[node.port] = key
        cluster[2].stop()
        patient, store = (RedisQuota(client, "one down:", timeout=seconds) for seconds in (PATIENCE, 0.5))
        assert isinstance(await patient.take(nodes[cluster[0].port], HOUR, HOLD_US), int)
        with pytest.raises(QuotaStoreError) as caught:
            await store.take(nodes[cluster[2].port], HOUR, HOLD_US)
        assert caught.value.temporary, caught.value


async def test_a_cluster_that_is_down_may_be_back(cluster: list[RedisServer]) -> None:
    async with RedisCluster(host="127.0.0.1", port=cluster[0].port) as client:
        store = RedisQuota(client, "down:", timeout=0.5)
        for server in cluster:
            server.stop()
        for _ in range(2):
            with pytest.raises(QuotaStoreError) as caught:
                await store.take("key", HOUR, HOLD_US)
            assert caught.value.temporary, caught.value
    client = RedisCluster(host="127.0.0.1", port=cluster[0].port)  # that never saw a node
    with pytest.raises(QuotaStoreError) as caught:
        await RedisQuota(client, timeout=0.5).take("key", HOUR, HOLD_US)
    assert caught.value.temporary, caught.value
    await client.aclose()
