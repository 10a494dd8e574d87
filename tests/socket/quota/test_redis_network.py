"""``RedisQuota`` over a network that loses, delays and doubles what is said, on real sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from customersms_async import QuotaStoreError
from customersms_async._core.layers import Layer, Usage, Wait
from customersms_async.quota import RedisQuota
from support.ports import free_port
from support.real_time import PATIENCE
from support.redis_quota import HOLD_US, HOUR, SECOND, taken
from support.redis_servers import nothing, proxy
from support.threads import in_threads

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from support.redis_servers import RedisServer


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


async def test_a_connection_that_died_unnoticed_leaves_time_for_another(shared_redis: RedisServer, prefix: str) -> None:
    async with proxy(shared_redis.port) as between, RedisQuota(between.url, prefix, timeout=4.0) as store:
        await store.give_back("key", await taken(store))
        swallowed = iter([True, False])
        between.swallows = lambda question: b"EVALSHA" in question and next(swallowed)
        await taken(store)
        assert list(swallowed) == []
        assert (await in_use(shared_redis, prefix)) == 1


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
        request = await taken(store, hold_us=90 * SECOND)
        assert held != str(request), "no number is used twice"
        assert await bare.zrange(f"{prefix}{{key}}:held", 0, -1) == [str(request)]


async def test_a_packet_that_arrives_after_its_repetition_was_granted_takes_no_token_away(
    shared_redis: RedisServer, prefix: str
) -> None:
    """The first try is of bulk, which may use 19 of 20 tokens; the second is not."""
    twenty, bulk = (Layer(20, 60 * SECOND),), (Layer(19, 60 * SECOND),)
    async with (
        proxy(shared_redis.port) as between,
        RedisQuota(between.url, prefix, timeout=PATIENCE) as store,
        RedisQuota(shared_redis.url, prefix, timeout=PATIENCE) as another,
    ):
        granted = [await taken(store, twenty) for _ in range(18)]
        between.delays = lambda question: b"EVALSHA" in question
        with pytest.raises(QuotaStoreError):
            await store.take("key", bulk, HOLD_US)
        between.delays = nothing
        granted += [await taken(store, twenty) for _ in range(2)]
        assert between.late
        await between.deliver()
        assert isinstance(await another.take("key", twenty, HOLD_US), Wait), f"{len(granted)} of 20 are out"
        assert (await another.usage("key", twenty))[0][0].used == 20


async def test_a_pause_whose_packet_arrives_twice_ends_once(shared_redis: RedisServer, prefix: str) -> None:
    async with proxy(shared_redis.port) as between, RedisQuota(between.url, prefix, timeout=PATIENCE) as store:
        await store.give_back("key", await taken(store))
        delays = iter([True, False])
        between.delays = lambda question: b"EVALSHA" in question and next(delays, False)
        await store.pause("key", 30_000)
        await asyncio.sleep(0.03)
        await between.deliver()
        await taken(store)


def test_threads_whose_calls_fail_keep_what_nobody_heard_of() -> None:
    """Some numbers may be lost, and none is told of to two calls that are granted."""
    store = RedisQuota(f"redis://127.0.0.1:{free_port()}", timeout=PATIENCE)

    async def fail() -> None:
        async with store:
            for _ in range(20):
                with pytest.raises(QuotaStoreError):
                    await store.take("key", HOUR, HOLD_US)

    in_threads(4, fail)
    assert 1 <= len(store._unheard["key"]) <= 80


async def test_only_so_many_that_nobody_heard_of_are_kept() -> None:
    async with RedisQuota(f"redis://127.0.0.1:{free_port()}", timeout=PATIENCE) as store:
        store._not_heard("key", *range(3_000))
        with pytest.raises(QuotaStoreError):
            await store.renew("key", 3_000, HOUR, HOLD_US)
    assert len(store._unheard["key"]) == 1_000
    assert 3_000 in store._unheard["key"]


async def test_a_limit_of_more_than_a_day_that_comes_later_is_told_of_once(
    shared_redis: RedisServer, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock_us = [1_700_000_000 * SECOND]
    async with RedisQuota(shared_redis.url, prefix, clock=lambda: clock_us[0], timeout=PATIENCE) as store:
        for _ in range(2):
            await store.settle("key", await taken(store, (Layer(10, SECOND),)))
            clock_us[0] += 2 * 86_400 * SECOND
        for call in (
            lambda: store.take("key", (Layer(1, 30 * 86_400 * SECOND),), HOLD_US),
            lambda: store.usage("key", (Layer(1, 31 * 86_400 * SECOND),)),
            lambda: store.forecast_us("key", [((Layer(1, 32 * 86_400 * SECOND),), 1)]),
        ):
            caplog.clear()
            for _ in range(3):
                await call()
            assert len([each for each in caplog.messages if "more than a day" in each]) == 1


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
