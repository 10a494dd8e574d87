"""Stores as they come back from a pickle or a copy: by their place and options, used or not."""

from __future__ import annotations

import asyncio
import copy
import pickle
import pickletools
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis, RedisCluster

from customersms_async import MemoryQuota, QuotaStoreError, RedisQuota, SQLiteQuota
from customersms_async._core.layers import Layer
from customersms_async.quota.memory import PROCESS_QUOTA
from support.sqlite_host import Clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOUR = (Layer(10, 3_600_000_000),)
HOLD_US = 35_000_000
URL = "redis://joe:a-password@127.0.0.1:1/3?password=another-word"


def pickled(store: Any, protocol: int) -> Any:
    return pickle.loads(pickle.dumps(store, protocol))  # noqa: S301 - our own bytes


SAME_AGAIN = [copy.copy, copy.deepcopy, *(partial(pickled, protocol=n) for n in range(pickle.HIGHEST_PROTOCOL + 1))]


@pytest.mark.parametrize("again", SAME_AGAIN)
async def test_a_file_s_store_comes_back_as_another_of_the_same_file_at_any_time(
    again: Callable[[SQLiteQuota], SQLiteQuota], path: Path
) -> None:
    store = SQLiteQuota(path, lock_timeout=1.5)
    async with again(store) as unused:
        await unused.take("key", HOUR, HOLD_US)
    async with store:
        await store.take("key", HOUR, HOLD_US)
        taking = asyncio.ensure_future(store.take("key", HOUR, HOLD_US))
        async with again(store) as used, again(used) as used_twice:
            await taking
            for other in (used, used_twice):
                assert other is not store
                assert repr(other) == repr(store)
                assert (await other.usage("key", HOUR))[0][0].used == 3
                assert vars(other._threads)["_open"].args[2] == 1.5
    with pytest.raises(QuotaStoreError):
        await store.take("key", HOUR, HOLD_US)
    async with again(store) as from_closed:
        assert (await from_closed.usage("key", HOUR))[0][0].used == 3


async def test_a_relative_path_is_that_of_the_process_that_made_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = SQLiteQuota("quota.db")
    monkeypatch.chdir("/")
    assert repr(pickled(store, 5)) == f"SQLiteQuota({str(tmp_path / 'quota.db')!r})"


@pytest.mark.parametrize("again", SAME_AGAIN)
async def test_a_server_s_store_comes_back_as_another_of_the_same_server_at_any_time(
    again: Callable[[RedisQuota], RedisQuota],
) -> None:
    store = RedisQuota(URL, "mine:", timeout=0.25)
    for stage in ("unused", "used", "closed"):
        other = again(store)
        assert other is not store
        assert repr(other) == repr(store) == "RedisQuota('redis://127.0.0.1:1/3', 'mine:')", stage
        assert (other._clients.url, other._clients._timeout, other._prefix) == (URL, 0.25, "mine:")
        assert not other._clients.by_loop
        if stage == "unused":
            with pytest.raises(QuotaStoreError):
                await store.take("key", HOUR, HOLD_US)
        elif stage == "used":
            await store.aclose()


async def test_a_pickle_holds_the_place_and_the_options_and_nothing_else(path: Path) -> None:
    sqlite, redis = SQLiteQuota(path), RedisQuota(URL)
    async with sqlite, redis:
        await sqlite.take("key", HOUR, HOLD_US)
        with pytest.raises(QuotaStoreError):
            await redis.take("key", HOUR, HOLD_US)
        for store in (sqlite, redis):
            kinds = {
                argument for _, argument, _ in pickletools.genops(pickle.dumps(store, 2)) if isinstance(argument, str)
            }
            modules = {kind.split(" ")[0] for kind in kinds if " " in kind}
            assert modules <= {
                "functools",
                "customersms_async.quota.sqlite",
                "customersms_async.quota.redis",
                "customersms_async.quota.host_clock",
            }


def test_a_clock_of_one_s_own_comes_along(path: Path) -> None:
    clock = Clock()
    other = copy.copy(SQLiteQuota(path, clock=clock))
    assert vars(other._threads)["_open"].args[1] is clock


@pytest.mark.parametrize("again", SAME_AGAIN)
@pytest.mark.parametrize("client", [Redis, partial(RedisCluster, "127.0.0.1")])
async def test_a_store_with_a_client_of_the_caller_s_says_what_to_do(again: Any, client: Any) -> None:
    store = RedisQuota(client(password="a-password"))
    assert "a-password" not in repr(store)
    with pytest.raises(TypeError, match="make it from a URL"):
        again(store)


@pytest.mark.parametrize("again", SAME_AGAIN)
@pytest.mark.parametrize("store", [MemoryQuota(), PROCESS_QUOTA])
def test_a_store_in_memory_names_those_that_processes_can_share(again: Any, store: MemoryQuota) -> None:
    with pytest.raises(TypeError, match="SQLiteQuota"):
        again(store)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (URL, "redis://127.0.0.1:1/3"),
        ("rediss://:p%40ss@[::1]:6380", "rediss://[::1]:6380"),
        ("unix://joe:word@/run/redis.sock?db=2&password=word", "unix:///run/redis.sock"),
        ("redis://token@cache", "redis://cache"),
    ],
)
def test_a_repr_shows_where_the_server_is_and_no_secret(url: str, shown: str) -> None:
    assert repr(RedisQuota(url)) == f"RedisQuota({shown!r}, 'customersms:')"
