"""``RedisQuota`` and caps on a real server: the contract, its time, what it takes, and what becomes of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis

from customersms_async import QuotaStoreError
from customersms_async.quota import RedisQuota
from customersms_async.testing import CapStoreContract
from customersms_async.testing._contract.cap_store import SPACE, answered, counted, room, scope, text, wait_us
from support.ports import free_port
from support.real_time import PATIENCE
from support.redis_quota import HOLD_US, SECOND, RedisPlace
from support.redis_servers import redis_cluster

if TYPE_CHECKING:
    from pathlib import Path

    from support.redis_servers import RedisServer

HOURLY = scope("hourly", (100, 3_600 * SECOND))
NUMBER = scope("number", (1, 30 * SECOND), (5, 900 * SECOND), (12, 86_400 * SECOND))


class TestRedisQuotaCaps(RedisPlace, CapStoreContract):
    pass


async def keys(bare: Redis, prefix: str) -> dict[str, str]:
    """The keys of caps by the names that they end in, each with its whole name."""
    found = [key async for key in bare.scan_iter(f"{prefix}caps:*", count=1_000)]
    return {key.rpartition(":")[2]: key for key in found}


async def expiry_s(bare: Redis, key: str) -> float:
    """In how many seconds a key goes."""
    return float(await bare.pttl(key)) / 1e3


async def test_caps_have_room_again_on_the_servers_own_time(store: RedisQuota) -> None:
    short, first = scope("short", (1, 80_000)), text(scope("short", (1, 80_000)))
    await counted(store, first, hold_us=HOLD_US)
    await answered(store, first)
    told = await wait_us(store, short)
    assert 0 < told <= 80_000
    await asyncio.sleep(told / 1e6)
    await counted(store, text(short))


async def test_all_that_counts_expires_when_its_windows_are_over(store: RedisQuota, bare: Redis, prefix: str) -> None:
    """And no sooner: a text that is held counts for its windows from its lapse on."""
    first, second = text(NUMBER, HOURLY), text(HOURLY, again=b"stable")
    await counted(store, first, second, hold_us=HOLD_US)
    found = await keys(bare, prefix)
    assert len(found) == 4, "the time, two scopes, and the text that may come again"
    for key in found.values():
        assert 86_400 + 30 < await expiry_s(bare, key) <= 86_400 + 36
    await store.end_caps(SPACE, [first], [second])
    found = await keys(bare, prefix)
    assert await expiry_s(bare, found.pop("done")) <= 601
    for name, key in found.items():
        assert 86_400 - 5 < await expiry_s(bare, key) <= 86_400 + (36 if name in ("now", "ac3RhYmxl") else 1)


async def test_scopes_that_are_emptied_and_filled_again_still_expire(
    store: RedisQuota, bare: Redis, prefix: str
) -> None:
    """As by a look at a text that comes again, and a take of it for which there is no room."""
    one, other = scope("one", (1, SECOND)), scope("other", (1, 3_600 * SECOND))
    await counted(store, text(one, again=b"stable"), text(other), hold_us=HOLD_US)
    assert list(await store.look_at_caps(SPACE, [text(one, again=b"stable")])) == [None]
    assert any(await store.take_caps(SPACE, [text(one, again=b"stable"), text(other)], HOLD_US))
    assert len(found := await keys(bare, prefix)) == 5
    assert all([await expiry_s(bare, key) > 0 for key in found.values()])


async def test_a_call_about_caps_is_one_round_trip_for_a_whole_batch(store: RedisQuota, bare: Redis) -> None:
    batch = [text(scope(f"{n}", (1, HOLD_US), (3, 3_600 * SECOND)), HOURLY, again=b"%d" % n) for n in range(100)]
    await counted(store, *batch)
    async with bare.monitor() as monitor:
        await store.look_at_caps(SPACE, batch)
        await store.take_caps(SPACE, batch, HOLD_US)
        await store.end_caps(SPACE, batch[:50], batch[50:])
        await bare.echo("that is all")
        seen: list[str] = []
        async for command in monitor.listen():
            if command["client_type"] != "lua":
                seen.append(command["command"].split()[0].upper())
                if seen[-1] == "ECHO":
                    break
    assert seen.count("EVALSHA") == 3
    assert set(seen) <= {"EVALSHA", "ECHO", "HELLO", "CLIENT", "SELECT"}


async def test_a_capped_number_with_three_caps_takes_less_than_400_bytes(
    store: RedisQuota, bare: Redis, shared_redis: RedisServer
) -> None:
    """All of its twelve texts in use, with its name in the dictionaries of keys and of those that expire."""
    prefix, day, clock_us = "customersms:", 86_400 * SECOND, [1_700_000_000 * SECOND]
    async with RedisQuota(shared_redis.url, prefix, clock=lambda: clock_us[0], timeout=PATIENCE) as clocked:
        for _ in range(12):
            one = text(NUMBER)
            await counted(clocked, one)
            await answered(clocked, one)
            clock_us[0] += day // 14
        assert await room(clocked, NUMBER) == 0
    (key,) = [key for name, key in (await keys(bare, prefix)).items() if name not in ("now", "done")]
    assert await bare.zcard(key) == 12
    in_two_dictionaries = 2 * 16 + 24  # a place in each table at its emptiest, and an entry for the expiry
    assert (await bare.memory_usage(key) or 0) + in_two_dictionaries < 400
    for each in (await keys(bare, prefix)).values():
        await bare.delete(each)


async def test_times_that_no_window_reaches_go_a_little_at_a_time(
    shared_redis: RedisServer, bare: Redis, prefix: str
) -> None:
    total, clock_us = scope("total", (1_000, 700 * SECOND)), [1_700_000_000 * SECOND]
    async with RedisQuota(shared_redis.url, prefix, clock=lambda: clock_us[0], timeout=PATIENCE) as store:
        await counted(store, *(text(total) for _ in range(40)), hold_us=1)
        clock_us[0] += 701 * SECOND
        (key,) = [key for name, key in (await keys(bare, prefix)).items() if name not in ("now", "done")]
        left = []
        for _ in range(14):
            await counted(store, text(total))
            left.append(await bare.zcard(key))
        assert left == [37, 34, 31, 28, 25, 22, 19, 16, 13, 10, 11, 12, 13, 14]


async def test_a_server_that_does_not_know_the_script_of_caps_is_given_it(store: RedisQuota, bare: Redis) -> None:
    only = scope("only", (1, 3_600 * SECOND))
    first = text(only)
    await counted(store, first, hold_us=HOLD_US)
    await bare.script_flush()
    await store.end_caps(SPACE, [], [first])
    await bare.script_flush()
    assert list(await store.look_at_caps(SPACE, [text(only)])) == [None]


async def test_a_server_out_of_reach_is_told_of_and_may_be_back() -> None:
    async with RedisQuota(f"redis://127.0.0.1:{free_port()}", timeout=PATIENCE) as store:
        for call in (
            store.look_at_caps(SPACE, [text(HOURLY)]),
            store.take_caps(SPACE, [text(HOURLY)], HOLD_US),
            store.end_caps(SPACE, [text(HOURLY)], []),
        ):
            with pytest.raises(QuotaStoreError) as caught:
                await call
            assert caught.value.temporary


@pytest.mark.parametrize("answer", [7, [1, 2]])
async def test_what_is_no_answer_of_the_script_counts_for_nobody(answer: object, prefix: str) -> None:
    class Another:
        async def evalsha(self, *_: object) -> object:
            return answer

        async def info(self, *_: object) -> dict[str, str]:
            return {}

    another: Any = Another()
    store = RedisQuota(another, prefix, timeout=PATIENCE)
    for call in (store.look_at_caps(SPACE, [text(HOURLY)]), store.end_caps(SPACE, [text(HOURLY)], [])):
        with pytest.raises(QuotaStoreError) as caught:
            await call
        assert not caught.value.temporary


@pytest.mark.parametrize("options", [{"decode_responses": True}, {"protocol": 3}])
async def test_a_client_of_ones_own_will_do_for_caps(
    options: dict[str, Any], shared_redis: RedisServer, prefix: str
) -> None:
    async with Redis.from_url(shared_redis.url, **options) as client:
        store = RedisQuota(client, prefix, timeout=PATIENCE)
        one = text(NUMBER, HOURLY, again=b"stable")
        await counted(store, one, hold_us=HOLD_US)
        await answered(store, one)
        assert 29 * SECOND < await wait_us(store, NUMBER) <= 30 * SECOND
        assert await room(store, HOURLY) == 30


async def test_the_caps_of_a_name_are_in_one_hash_slot_of_a_cluster(tmp_path: Path, prefix: str) -> None:
    from redis.asyncio import RedisCluster

    with redis_cluster(tmp_path) as servers:
        async with RedisCluster.from_url(servers[0].url.removesuffix("/0")) as client:
            store = RedisQuota(client, prefix, timeout=PATIENCE)
            for name in (b"one name", b"another", b"a third"):
                batch = [text(scope(f"{n}", (1, 3_600 * SECOND)), HOURLY, again=b"%d" % n) for n in range(20)]
                await counted(store, *batch, space=name, hold_us=HOLD_US)
                await store.end_caps(name, batch[:10], batch[10:])
                assert sum(map(bool, await store.look_at_caps(name, [text(*each.scopes) for each in batch]))) == 10
