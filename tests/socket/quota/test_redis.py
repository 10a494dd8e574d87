"""``RedisQuota`` on a real server: the contract, its time, one round trip, all kinds of clients, lost answers."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from customersms_async._core.history import KEPT_US
from customersms_async._core.layers import Layer, Usage, Wait
from customersms_async.quota import RedisQuota
from customersms_async.testing import QuotaStoreContract
from support.real_time import PATIENCE
from support.redis_quota import HOLD_US, HOUR, SECOND, RedisPlace, taken
from support.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.redis_servers import RedisServer


class TestRedisQuota(RedisPlace, QuotaStoreContract):
    pass


async def now_us(bare: Redis) -> int:
    """What time it is by the server's own clock."""
    seconds, us = await bare.time()
    return int(seconds) * SECOND + int(us)


async def expiry_ms(bare: Redis, prefix: str, name: str) -> int:
    """When this one of the key's Redis keys goes, by the server's own clock."""
    return int(await bare.pexpiretime(f"{prefix}{{key}}:{name}"))


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


async def test_times_live_until_the_last_token_of_any_limit_of_a_day_is_back_and_a_count_for_a_year(
    store: RedisQuota, bare: Redis, prefix: str
) -> None:
    """By the server's own clock, looked at before and after, however long that takes."""
    day_ms, year_ms = KEPT_US // 1_000, 366 * 86_400_000
    began = await now_us(bare) // 1_000
    long = await taken(store, hold_us=500 * SECOND)
    await store.settle("key", await taken(store, hold_us=10 * SECOND))
    held = await now_us(bare) // 1_000
    assert began + day_ms + 500_000 <= await expiry_ms(bare, prefix, "log") <= held + day_ms + 500_003
    assert began + year_ms + 500_000 <= await expiry_ms(bare, prefix, "held") <= held + year_ms + 500_003
    settles = await now_us(bare) // 1_000
    await store.give_back("key", long)
    assert began + day_ms <= await expiry_ms(bare, prefix, "log") <= settles + day_ms + 3
    assert began + year_ms <= await expiry_ms(bare, prefix, "state") <= settles + year_ms + 3
    pauses = await now_us(bare) // 1_000
    await store.pause("key", 100_000 * SECOND)
    paused = await now_us(bare) // 1_000
    for look in (store.usage("key", HOUR), store.forecast_us("key", [(HOUR, 200)])):
        assert pauses + 100_000_000 <= await expiry_ms(bare, prefix, "log") <= paused + 100_000_003
        await look
    await store.usage("key", (Layer(1, 200_000 * SECOND),))
    assert began + 200_000_000 <= await expiry_ms(bare, prefix, "log") <= settles + 200_000_003


async def test_looking_at_a_key_does_not_keep_it_alive(store: RedisQuota, bare: Redis, prefix: str) -> None:
    await store.settle("key", await taken(store))
    before = await bare.pexpiretime(f"{prefix}{{key}}:state")
    await store.usage("key", HOUR)
    await store.settle("key", 12345)
    assert abs(await bare.pexpiretime(f"{prefix}{{key}}:state") - before) <= 2


@pytest.mark.parametrize("cut", [False, True])
async def test_times_that_have_expired_count_as_the_last_of_them(
    store: RedisQuota, bare: Redis, prefix: str, cut: bool
) -> None:
    short = (Layer(10, 1_000),)
    for _ in range(5):
        await store.settle("key", await taken(store, short))
        await asyncio.sleep(0.001 * cut)
    settled = await now_us(bare)
    await taken(store, short, hold_us=1)
    await asyncio.sleep(0.001)
    await bare.delete(*(f"{prefix}{{key}}:{name}" for name in ("log", "steps")))
    (usage, less), _ = await store.usage("key", (Layer(10, 30 * 86_400 * SECOND), Layer(10, 1_000)))
    assert usage.used == 6, "the one that was held has lapsed"
    assert usage.next_us <= 30 * 86_400 * SECOND <= usage.next_us + await now_us(bare) - settled + 10 * SECOND
    assert less.used <= 6
    assert await bare.lrange(f"{prefix}{{key}}:steps", 0, -1)
    await store.settle("key", await taken(store))
    assert (await store.usage("key", HOUR))[0][0].used == 7


async def test_a_key_that_holds_no_token_is_gone_at_once_but_for_the_numbers_of_late_copies(
    store: RedisQuota, bare: Redis, prefix: str
) -> None:
    await store.give_back("key", await taken(store))
    await store.usage("another", HOUR)
    await asyncio.sleep(0.01)
    assert await bare.keys(f"{prefix}*") == [f"{prefix}{{key}}:done"]
    assert 0 < await bare.pttl(f"{prefix}{{key}}:done") <= 60_002


async def test_the_server_knows_times_and_the_fingerprint_only(store: RedisQuota, bare: Redis, prefix: str) -> None:
    brief = (Layer(3, 1),)
    for _ in range(3):
        await store.settle("key", await taken(store, brief))
    first = await taken(store)
    second = await taken(store)
    await store.settle("key", first)
    names = ("done", "held", "log", "state", "steps")
    assert sorted(await bare.keys(f"{prefix}*")) == [f"{prefix}{{key}}:{name}" for name in names]
    state = await bare.hgetall(f"{prefix}{{key}}:state")
    *_, settled = await bare.lrange(f"{prefix}{{key}}:log", 0, -1)
    (step,) = map(str, await bare.lrange(f"{prefix}{{key}}:steps", 0, -1))
    expected = {"now": settled, "paused": "0", "longest": str(HOUR[0].window_us), "settled": "4", "last": settled}
    began = state.pop("began")
    assert state == {**expected, "cut": step.split(":")[1], "rest": "0"}
    assert int(began) <= int(step.split(":")[0])
    assert len(settled) == 16, "microseconds, with every digit"
    assert settled.isdigit()
    assert len(step.split(":")[0]) == 16
    assert await bare.zrange(f"{prefix}{{key}}:held", 0, -1) == [str(second)]


async def test_a_key_that_an_earlier_version_cut_is_full_for_the_windows_that_do_not_know(
    shared_redis: RedisServer, bare: Redis, prefix: str
) -> None:
    """It says how many were cut, and that no window asked for so far reaches them."""
    clock_us = [1_700_000_000 * SECOND]
    now = clock_us[0]
    for field, value in {"now": now, "paused": 0, "longest": 60 * SECOND, "cut": 500}.items():
        await bare.hset(f"{prefix}{{key}}:state", field, str(value))
    await bare.rpush(f"{prefix}{{key}}:log", str(now - 50 * SECOND), str(now - 10 * SECOND))
    async with RedisQuota(shared_redis.url, prefix, clock=lambda: clock_us[0], timeout=PATIENCE) as store:
        minute, hour = Layer(100, 60 * SECOND), Layer(100, 3_600 * SECOND)
        assert (await store.usage("key", (minute,)))[0] == (Usage(2, 10 * SECOND),)
        assert (await store.usage("key", (hour,)))[0] == (Usage(502, 3_540 * SECOND),)
        assert await store.take("key", (minute, hour), HOLD_US) == Wait(3_540 * SECOND)
        clock_us[0] += 3_540 * SECOND
        await store.settle("key", await taken(store, (minute, hour)))
        await bare.lpop(f"{prefix}{{key}}:log")  # as a process that still runs the earlier version does
        await bare.hincrby(f"{prefix}{{key}}:state", "cut", 1)
        day = Layer(1_000, 86_400 * SECOND)
        assert (await store.usage("key", (minute, hour, day)))[0][2].used == 503
        assert (await store.usage("key", (minute,)))[0][0].used == 1


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
        assert len(store._clients.by_loop) == 1, "that of a closed loop is dropped"
        store._clients.by_loop.clear()
        words: list[str] = []
        for _ in range(3):  # what one round frees may hold more, and a warning holds what it tells of
            gc.collect()
            words += [str(warning.message) for warning in told]
            told.clear()
    assert any("unclosed" in each for each in words)

    async def main() -> int:
        async with store:
            return (await store.usage("key", HOUR))[0][0].used

    assert asyncio.run(main()) == 2


async def test_a_closed_store_opens_again_when_it_is_used(store: RedisQuota) -> None:
    await taken(store)
    await store.aclose()
    await store.aclose()
    await taken(store)
