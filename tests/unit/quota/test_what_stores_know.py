"""A quota store knows a key by its fingerprint: neither what it keeps nor what it writes holds the key."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from customersms_async import AsyncClient, Limit, MemoryQuota, RedisQuota, SQLiteQuota
from customersms_async._core.secret import PUBLIC_START, Secret
from support.echoing_gateway import KEY, PHONE, TEXT, echoing
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from support.redis_servers import RedisServer


async def use(store: Any) -> None:
    """Have every operation of the store done for the key."""
    for answer in ("headers", "too often", "nothing"):
        async with echoing(answer) as echo:
            client = AsyncClient(
                api_key=KEY, url=echo.url, limits=Limit(1_000, 0.5), pace=None, quota=store, max_retries=0, timeout=30.0
            )
            async with client:
                [_ async for _ in client.stream([PHONE], TEXT)]
                await client.quota_status()
                await client.estimate([PHONE], TEXT)


def files(folder: Path, pattern: str) -> list[bytes]:
    return [path.read_bytes() for path in folder.glob(pattern) if path.is_file()]


async def test_memory_knows_a_fingerprint() -> None:
    store = MemoryQuota()
    await use(store)
    shown = (
        repr(store)
        + repr(vars(store))
        + repr([vars(part) for part in vars(store).values() if hasattr(part, "__dict__")])
    )
    assert KEY[:PUBLIC_START] not in shown
    assert Secret(KEY).key_id in shown


async def test_redis_and_its_files_know_a_fingerprint(shared_redis: RedisServer, tmp_path_factory: Any) -> None:
    from redis.asyncio import Redis

    prefix = f"test:{secrets.token_hex(8)}:"
    async with RedisQuota(shared_redis.url, prefix, timeout=PATIENCE) as store:
        await use(store)
    known: list[bytes] = []
    async with Redis.from_url(shared_redis.url) as asking:
        async for name in asking.scan_iter(f"{prefix}*"):
            known += [name, await asking.dump(name) or b"", repr(await _value(asking, name)).encode()]
    written = files(tmp_path_factory.getbasetemp(), "redis*/**/*")
    assert any(Secret(KEY).key_id.encode() in name for name in known)
    assert any(Secret(KEY).key_id.encode() in page for page in written), "the server's own files were looked at"
    for words in (KEY[:PUBLIC_START], PHONE, TEXT):
        assert not any(words.encode() in page for page in known + written)


async def _value(asking: Any, name: bytes) -> object:
    kind = (await asking.type(name)).decode()
    if kind == "hash":
        return await asking.hgetall(name)
    if kind == "zset":
        return await asking.zrange(name, 0, -1, withscores=True)
    return await (asking.lrange(name, 0, -1) if kind == "list" else asking.get(name))


async def test_a_sqlite_file_knows_a_fingerprint(tmp_path: Path) -> None:
    async with SQLiteQuota(tmp_path / "quota.db") as store:
        await use(store)
        pages = files(tmp_path, "*")  # the write-ahead log is there while it is open
    pages += files(tmp_path, "*")
    assert any(Secret(KEY).key_id.encode() in page for page in pages)
    for words in (KEY[:PUBLIC_START], PHONE, TEXT):
        assert not any(words.encode() in page for page in pages)
