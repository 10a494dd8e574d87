"""``RedisQuota`` on a real server: the contract, its time, one round trip, all kinds of clients, lost answers."""

from __future__ import annotations

import asyncio
import gc
import secrets
import warnings
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from customersms_async import QuotaStoreError
from customersms_async.buckets import Layer, Usage, Wait
from customersms_async.quota import RedisQuota
from customersms_async.testing import QuotaStoreContract
from realtime import PATIENCE

from .servers import nothing, proxy
from .threads import in_threads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from customersms_async.quota import QuotaStore

    from .servers import RedisServer

SECOND = 1_000_000
HOUR = (Layer(100, 3_600 * SECOND),)
HOLD_US = 35 * SECOND


class TestRedisQuota(QuotaStoreContract):
    @pytest.fixture(autouse=True)
    def place(self, shared_redis: RedisServer) -> None:
        self.url = shared_redis.url
        self.prefix = f"test:{secrets.token_hex(8)}:"

    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[QuotaStore]:
        return RedisQuota(self.url, self.prefix, clock=clock, timeout=PATIENCE)


@pytest.fixture
def prefix() -> str:
    return f"test:{secrets.token_hex(8)}:"


@pytest.fixture
async def bare(shared_redis: RedisServer) -> AsyncIterator[Redis]:
    """The server's own view."""
    async with Redis.from_url(shared_redis.url, decode_responses=True) as client:
        yield client


@pytest.fixture
async def store(shared_redis: RedisServer, prefix: str) -> AsyncIterator[RedisQuota]:
    """A store on the server's own time."""
    async with RedisQuota(shared_redis.url, prefix, timeout=PATIENCE) as opened:
        yield opened


async def taken(store: RedisQuota, layers: tuple[Layer, ...] = HOUR, hold_us: int = HOLD_US, key: str = "key") -> int:
    granted = await store.take(key, layers, hold_us)
    assert isinstance(granted, int), granted
    return granted


async def now_us(bare: Redis) -> int:
    """What time it is by the server's own clock."""
    seconds, us = await bare.time()
    return int(seconds) * SECOND + int(us)


async def expiry_ms(bare: Redis, prefix: str) -> set[int]:
    """When each of the key's keys goes, by the server's own clock."""
    return {await bare.pexpiretime(str(key)) for key in await bare.keys(f"{prefix}*")}


async def test_tokens_come_back_on_the_servers_own_time(store: RedisQuota, bare: Redis) -> None:
    """A token that is told to come is there then, and none is granted while its window is full by that clock."""
    limits = ((2, 60_000), (3, 120_000))
    short = tuple(Layer(*limit) for limit in limits)
    settled: list[int] = []  # at these moments, or later
    for _ in range(5):
        told = await store.take("key", short, HOLD_US)
        if isinstance(told, Wait):
            assert 0 < told.wait_us <= 120_000
            await asyncio.sleep(told.wait_us / 1e6)
            told = await taken(store, short)
        now = await now_us(bare)
        assert all(now - settled[-tokens] >= window_us for tokens, window_us in limits if len(settled) >= tokens)
        settled.append(await now_us(bare))
        await store.settle("key", told)


async def test_a_full_window_makes_wait_on_the_servers_own_time(store: RedisQuota) -> None:
    for _ in range(2):
        await store.settle("key", await taken(store, (Layer(2, 3_600 * SECOND),)))
    told = await store.take("key", (Layer(2, 3_600 * SECOND),), HOLD_US)
    assert isinstance(told, Wait)
    assert 3_500 * SECOND < told.wait_us <= 3_600 * SECOND


async def test_a_key_lives_until_its_last_token_is_back_and_no_longer(
    store: RedisQuota, bare: Redis, prefix: str
) -> None:
    """By the server's own clock, looked at before and after, however long that takes."""
    window_ms = 3_600_000
    began = await now_us(bare) // 1_000
    long = await taken(store, hold_us=500 * SECOND)
    held = await now_us(bare) // 1_000
    assert began + window_ms + 500_000 <= min(await expiry_ms(bare, prefix)) <= held + window_ms + 500_003
    short = await taken(store, hold_us=10 * SECOND)
    await store.settle("key", short)
    assert max(await expiry_ms(bare, prefix)) >= began + window_ms + 500_000, "the first one is held for longer"
    settles = await now_us(bare) // 1_000
    await store.give_back("key", long)
    assert began + window_ms <= min(await expiry_ms(bare, prefix)) <= settles + window_ms + 3
    pauses = await now_us(bare) // 1_000
    await store.pause("key", 9_000 * SECOND)
    paused = await now_us(bare) // 1_000
    assert pauses + 9_000_000 <= min(await expiry_ms(bare, prefix)) <= paused + 9_000_003
    await store.usage("key", HOUR)
    await store.forecast_us("key", [(HOUR, 200)])
    assert pauses + 9_000_000 <= min(await expiry_ms(bare, prefix)) <= paused + 9_000_003


async def test_looking_at_a_key_does_not_keep_it_alive(store: RedisQuota, bare: Redis, prefix: str) -> None:
    await store.settle("key", await taken(store))
    before = await bare.pexpiretime(f"{prefix}{{key}}:state")
    await store.usage("key", HOUR)
    await store.settle("key", 12345)
    assert abs(await bare.pexpiretime(f"{prefix}{{key}}:state") - before) <= 2


async def test_a_key_is_gone_when_its_last_token_is_back(store: RedisQuota, bare: Redis, prefix: str) -> None:
    await store.settle("key", await taken(store, (Layer(1, 200_000),)))
    await asyncio.sleep(0.21)
    assert await bare.keys(f"{prefix}*") == []


async def test_a_key_that_holds_no_token_is_gone_at_once(store: RedisQuota, bare: Redis, prefix: str) -> None:
    await store.give_back("key", await taken(store))
    await store.usage("another", HOUR)
    await asyncio.sleep(0.01)
    assert await bare.keys(f"{prefix}*") == []


async def test_the_server_knows_times_and_the_fingerprint_only(store: RedisQuota, bare: Redis, prefix: str) -> None:
    first = await taken(store)
    second = await taken(store)
    await store.settle("key", first)
    assert sorted(await bare.keys(f"{prefix}*")) == [f"{prefix}{{key}}:{name}" for name in ("held", "log", "state")]
    state = await bare.hgetall(f"{prefix}{{key}}:state")
    (settled,) = await bare.lrange(f"{prefix}{{key}}:log", 0, -1)
    assert state == {"now": settled, "paused": "0", "longest": str(HOUR[0].window_us), "cut": "0"}
    assert len(settled) == 16, "microseconds, with every digit"
    assert settled.isdigit()
    assert await bare.zrange(f"{prefix}{{key}}:held", 0, -1) == [str(second)]


async def test_a_server_whose_clock_steps_back_stands_still(shared_redis: RedisServer, prefix: str) -> None:
    one = (Layer(1, 60 * SECOND),)
    async with (
        RedisQuota(shared_redis.url, prefix, clock=lambda: 1_700_000_000 * SECOND, timeout=PATIENCE) as before,
        RedisQuota(shared_redis.url, prefix, clock=lambda: 1_699_990_000 * SECOND, timeout=PATIENCE) as after,
    ):
        await before.settle("key", await taken(before, one))
        assert await after.take("key", one, HOLD_US) == Wait(60 * SECOND)
        await after.pause("key", 90 * SECOND)
        assert await before.take("key", one, HOLD_US) == Wait(90 * SECOND)


async def test_a_grant_is_one_round_trip_after_the_first(store: RedisQuota, bare: Redis) -> None:
    await store.settle("key", await taken(store))
    async with bare.monitor() as monitor:
        request = await taken(store)
        renewed = await store.renew("key", request, HOUR, HOLD_US)
        assert isinstance(renewed, int)
        await store.settle("key", renewed)
        await store.usage("key", HOUR)
        await store.forecast_us("key", [(HOUR, 1)])
        await bare.echo("that is all")
        seen: list[str] = []
        async for command in monitor.listen():
            if command["client_type"] != "lua":
                seen.append(command["command"].split()[0].upper())
                if seen[-1] == "ECHO":
                    break
    asked = [command for command in seen if command == "EVALSHA"]
    assert set(seen) <= {"EVALSHA", "ECHO", "HELLO", "CLIENT", "SELECT"}
    assert len(asked) == 5


async def test_a_script_that_the_server_lost_is_loaded_again(store: RedisQuota, bare: Redis) -> None:
    request = await taken(store)
    await bare.script_flush()
    await store.settle("key", request)
    await bare.script_flush()
    assert (await store.usage("key", HOUR))[0][0].used == 1


CLIENTS: dict[str, Callable[[str], Redis]] = {
    "text": lambda url: Redis.from_url(url, decode_responses=True),
    "RESP2": lambda url: Redis.from_url(url, protocol=2),
    "RESP3": lambda url: Redis.from_url(url, protocol=3),
    "retrying": lambda url: Redis.from_url(url, retry=Retry(NoBackoff(), 3)),
    "one connection": lambda url: Redis.from_url(url, single_connection_client=True),
    "blocking pool": lambda url: Redis(connection_pool=BlockingConnectionPool.from_url(url, max_connections=1)),
}


@pytest.mark.parametrize("kind", CLIENTS)
async def test_any_client_of_redis_asyncio_will_do_and_stays_open(
    kind: str, shared_redis: RedisServer, prefix: str
) -> None:
    client = CLIENTS[kind](shared_redis.url)
    three = (Layer(3, 3_600 * SECOND),)
    async with RedisQuota(client, prefix, timeout=PATIENCE) as store:
        results = await asyncio.gather(*(store.take("key", three, HOLD_US) for _ in range(8)))
        requests = [result for result in results if not isinstance(result, Wait)]
        assert len(set(requests)) == len(requests) == 3
        await asyncio.gather(*(store.settle("key", request) for request in requests))
        assert (await store.usage("key", three))[0][0].used == 3
        assert await store.forecast_us("key", [(three, 1)]) > 3_000 * SECOND
    assert await client.ping()
    await client.aclose()
    if kind == "blocking pool":
        await client.connection_pool.disconnect()


@pytest.mark.parametrize("kind", CLIENTS)
async def test_a_cancelled_call_never_gives_its_answer_to_another(
    kind: str, shared_redis: RedisServer, prefix: str
) -> None:
    client = CLIENTS[kind](shared_redis.url)
    store = RedisQuota(client, prefix, timeout=PATIENCE)
    await store.usage("key", HOUR)
    for steps in range(20):
        task = asyncio.ensure_future(store.take("key", HOUR, HOLD_US))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            granted = await task
            assert isinstance(granted, int)
            await store.give_back("key", granted)
        (usage,), paused_us = await store.usage("key", HOUR)
        assert usage.used <= 1, "a grant that nobody heard of"
        assert paused_us == 0
    await taken(store)
    assert (await store.usage("key", HOUR))[0][0].used == 1, "and it was asked for again"
    await client.aclose()
    if kind == "blocking pool":
        await client.connection_pool.disconnect()


async def test_an_answer_lost_once_is_asked_for_again_at_once_and_takes_one_token(
    shared_redis: RedisServer, prefix: str
) -> None:
    async with proxy(shared_redis.port) as between, RedisQuota(between.url, prefix, timeout=PATIENCE) as store:
        await store.give_back("key", await taken(store))
        losses = iter([True, False, True, False, True, False])
        between.loses = lambda question: b"EVALSHA" in question and next(losses)
        request = await taken(store)
        assert (await in_use(shared_redis, prefix)) == 1
        renewed = await store.renew("key", request, HOUR, HOLD_US)
        assert isinstance(renewed, int)
        assert renewed != request
        assert (await in_use(shared_redis, prefix)) == 1
        await store.settle("key", renewed)
        assert (await in_use(shared_redis, prefix)) == 1
        assert list(losses) == []


async def in_use(server: RedisServer, prefix: str) -> int:
    async with RedisQuota(server.url, prefix, timeout=PATIENCE) as another:
        return (await another.usage("key", HOUR))[0][0].used


async def test_answers_lost_again_and_again_cost_one_token_and_the_hold_begins_anew(
    shared_redis: RedisServer, prefix: str, bare: Redis
) -> None:
    async with proxy(shared_redis.port) as between, RedisQuota(between.url, prefix, timeout=PATIENCE) as store:
        await store.give_back("key", await taken(store))
        between.loses = lambda question: b"EVALSHA" in question
        for _ in range(3):
            with pytest.raises(QuotaStoreError) as caught:
                await store.take("key", HOUR, 20 * SECOND)
            assert caught.value.temporary
            assert await bare.zcard(f"{prefix}{{key}}:held") == 1
        between.loses = nothing
        (held,) = await bare.zrange(f"{prefix}{{key}}:held", 0, -1)
        before_us = await bare.zscore(f"{prefix}{{key}}:held", str(held))
        request = await taken(store, hold_us=90 * SECOND)
        after_us = await bare.zscore(f"{prefix}{{key}}:held", str(request))
        assert held == str(request)
        assert before_us is not None
        assert after_us is not None
        assert after_us >= before_us + 70 * SECOND
        assert await taken(store) != request


async def test_a_grant_whose_answer_was_lost_does_not_outrank_a_pause(shared_redis: RedisServer, prefix: str) -> None:
    async with proxy(shared_redis.port) as between, RedisQuota(between.url, prefix, timeout=PATIENCE) as store:
        await store.give_back("key", await taken(store))
        between.loses = lambda question: b"EVALSHA" in question
        with pytest.raises(QuotaStoreError):
            await store.take("key", HOUR, HOLD_US)
        between.loses = nothing
        await store.pause("key", 60 * SECOND)
        assert isinstance(await store.take("key", HOUR, HOLD_US), Wait)
        assert (await store.usage("key", HOUR))[0] == (Usage(0, 0),), "and it was given back"


def test_event_loops_and_threads_share_one_store(shared_redis: RedisServer, prefix: str) -> None:
    store = RedisQuota(shared_redis.url, prefix, timeout=PATIENCE)
    granted: list[int] = []

    async def grab() -> None:
        async with store:
            for _ in range(40):
                request = await store.take("key", HOUR, HOLD_US)
                if isinstance(request, int):
                    granted.append(request)

    in_threads(4, grab)
    assert len(granted) == len(set(granted)) == 100
    asyncio.run(store.aclose())


def test_an_unclosed_store_is_told_of_and_goes_on_in_the_next_loop(shared_redis: RedisServer, prefix: str) -> None:
    store = RedisQuota(shared_redis.url, prefix, timeout=PATIENCE)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        asyncio.run(taken(store))
        asyncio.run(taken(store))
        assert len(store._clients) == 1, "that of a closed loop is dropped"
        store._clients.clear()
        for _ in range(3):  # what one round frees may hold more
            gc.collect()
    assert any("unclosed" in str(warning.message) for warning in told)

    async def main() -> int:
        async with store:
            return (await store.usage("key", HOUR))[0][0].used

    assert asyncio.run(main()) == 2


async def test_a_closed_store_opens_again_when_it_is_used(store: RedisQuota) -> None:
    await taken(store)
    await store.aclose()
    await store.aclose()
    await taken(store)
