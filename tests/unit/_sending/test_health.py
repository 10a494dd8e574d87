"""A client's health where the quota store answers, fails or hangs; nothing is sent here."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import (
    AsyncClient,
    ConfigurationError,
    Health,
    Limit,
    MemoryQuota,
    Priority,
    QuotaStoreError,
    SQLiteQuota,
)
from support import virtual_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
KEY = "cspro_a_key_that_must_never_show"
URL = "https://gateway.test/api.php"


class FarStore:
    """A store that another process may share; ``look`` is awaited before each answer, and ``asked`` names the calls."""

    in_process = False

    def __init__(self, look: Callable[[], Awaitable[None]]) -> None:
        self._near, self._look = MemoryQuota(), look
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*given: Any) -> Any:
            self.asked.append(name)
            await self._look()
            return await getattr(self._near, name)(*given)

        return call


def client_of(store: Any, **options: Any) -> AsyncClient:
    return AsyncClient(api_key=KEY, url=URL, quota=store, **options)


async def answer() -> None:
    await asyncio.sleep(0)


async def hang() -> None:
    await asyncio.get_running_loop().create_future()


def failing(error: Exception) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise error

    return fail


async def test_a_client_that_was_never_used_is_healthy_and_has_everything_left() -> None:
    async with client_of(MemoryQuota(), limits=(Limit(3, 60), Limit(9, 3_600))) as client:
        health = await client.health()
        assert health.quota is not None
        assert [(each.used, each.free) for each in health.quota.limits] == [(0, 3), (0, 9)]
        assert health.quota.waiting == dict.fromkeys(Priority, 0)
        assert health == Health(
            store_reachable=True,
            store_error=None,
            quota=health.quota,
            last_answer_seconds=None,
            last_status_code=None,
            oldest_wait_seconds=0.0,
            unknown_last_hour=0,
            remaining_credits=None,
        )
        assert health.ok


async def test_only_the_quota_is_looked_at() -> None:
    store = FarStore(answer)
    async with client_of(store) as client:
        for _ in range(3):
            await client.health()
    assert store.asked == ["usage"] * 3


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (QuotaStoreError("it is away", temporary=True), "it is away"),
        (QuotaStoreError("its file is damaged"), "its file is damaged"),
        (RuntimeError("password=hunter2"), "the quota store failed with RuntimeError"),
        (TimeoutError("password=hunter2"), "the quota store failed with TimeoutError"),
    ],
)
async def test_a_store_that_fails_is_told_of_and_no_words_of_a_stranger_s_are(error: Exception, words: str) -> None:
    async with client_of(FarStore(failing(error))) as client:
        health = await client.health()
    assert (health.store_reachable, health.ok, health.quota) == (False, False, None)
    assert health.store_error == words


def test_a_store_that_hangs_is_given_up_in_time() -> None:
    async def main() -> None:
        async with client_of(FarStore(hang)) as client:
            for given, seconds in (({}, 1.0), ({"timeout": 0.25}, 0.25)):
                began = virtual_loop.loop().time()
                health = await client.health(**given)
                assert virtual_loop.loop().time() - began == pytest.approx(seconds, abs=1e-3)
                assert health.store_error == f"the quota store did not answer within {seconds:g} s"
                assert not health.ok
            assert asyncio.all_tasks() == {asyncio.current_task()}

    virtual_loop.run(main())


async def test_a_store_of_this_process_needs_no_time() -> None:
    async with client_of(MemoryQuota()) as client:
        assert (await client.health(timeout=0)).ok


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf"), "1", None, True])
async def test_a_timeout_that_is_none_is_refused(timeout: Any) -> None:
    async with client_of(MemoryQuota()) as client:
        with pytest.raises(ConfigurationError, match="timeout must be a number"):
            await client.health(timeout=timeout)


async def test_a_cancelled_look_leaves_nothing() -> None:
    async with client_of(FarStore(hang)) as client:
        looking = asyncio.create_task(client.health(timeout=30))
        await asyncio.sleep(0)
        looking.cancel()
        await asyncio.wait([looking])
        assert looking.cancelled()
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_closed_client_and_one_without_a_key_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(MemoryQuota())
    await client.health()
    await client.aclose()
    with pytest.raises(ConfigurationError, match="closed"):
        await client.health()
    monkeypatch.delenv("CUSTOMERSMS_API_KEY", raising=False)
    monkeypatch.delenv("CUSTOMERSMS_API_KEY_FILE", raising=False)
    with pytest.raises(ConfigurationError, match="no API key"):
        await AsyncClient(url=URL).health()


async def test_a_thousand_looks_leave_nothing() -> None:
    async with client_of(MemoryQuota()) as client:
        await client.health()
        gc.collect()
        before = len(gc.get_objects())
        for _ in range(1_000):
            await client.health()
        gc.collect()
        assert len(gc.get_objects()) - before < 50
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_file_that_is_not_there_yet_is_made_as_a_send_would(tmp_path: Path) -> None:
    path = tmp_path / "quota.db"
    async with SQLiteQuota(path) as store, client_of(store) as client:
        assert (await client.health()).ok
        assert path.exists()
    async with SQLiteQuota(tmp_path / "nowhere" / "quota.db") as store, client_of(store) as client:
        health = await client.health()
        assert not health.ok
        assert "can't be made" in (health.store_error or "")


async def test_looks_at_a_file_that_is_locked_do_not_pile_up(tmp_path: Path) -> None:
    """Else whoever wants to send when it is free again would wait for all of them, 5 seconds each."""
    path = tmp_path / "quota.db"
    async with SQLiteQuota(path, lock_timeout=30) as store, client_of(store) as client:
        await client.health()
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            for _ in range(20):
                assert "did not answer" in ((await client.health(timeout=0.01)).store_error or "")
            changes = "SELECT total_changes()"
            db.execute("ROLLBACK")
        assert (await client.health(timeout=30)).ok
        rows = store._threads.here().submit(lambda file: file._db.execute(changes).fetchone()[0]).result()
        assert rows < 20, "one of the twenty was in hand; of the others none was asked"
