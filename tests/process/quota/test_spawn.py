"""Stores that are given to processes of their own, as multiprocessing's spawn does it: by pickles."""

from __future__ import annotations

import asyncio
import multiprocessing
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import MemoryQuota, PostgresQuota, RedisQuota, SQLiteQuota
from support.quota_spawned import HOUR, granted_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.postgres_servers import PostgresServerProcess
    from support.redis_servers import RedisServer


@pytest.fixture(params=["SQLite", "Redis", "PostgreSQL"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    if request.param == "SQLite":
        return lambda: SQLiteQuota(tmp_path / "quota.db")
    if request.param == "PostgreSQL":
        postgres: PostgresServerProcess = request.getfixturevalue("shared_postgres")
        return lambda: PostgresQuota(postgres.url())
    shared_redis: RedisServer = request.getfixturevalue("shared_redis")
    return lambda: RedisQuota(shared_redis.url, f"test:{tmp_path}:")


@pytest.mark.parametrize("used", [False, True])
async def test_spawned_processes_share_what_they_were_given(make: Callable[[], Any], used: bool) -> None:
    async with make() as store:
        if used:
            await store.usage("key", HOUR)
        granted = await asyncio.to_thread(in_processes, store)
        (usage,), _ = await store.usage("key", HOUR)
    assert sum(granted) == usage.used == HOUR[0].requests


def in_processes(store: Any) -> list[int]:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return pool.map(granted_of, [store] * 4)


def test_a_store_in_memory_is_refused_when_the_process_is_started() -> None:
    process = multiprocessing.get_context("spawn").Process(target=granted_of, args=(MemoryQuota(),))
    with pytest.raises(TypeError, match="SQLiteQuota"):
        process.start()
