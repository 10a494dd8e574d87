"""What a store of idempotency keys holds: nothing in clear that somebody else has no business to know."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
import pytest
from redis.asyncio import Redis

from customersms_async import (
    AsyncClient,
    MemoryIdempotency,
    MemoryQuota,
    RedisIdempotency,
    RejectedError,
    SQLiteIdempotency,
)
from customersms_async.idempotency import IdempotencyStore
from support.broken_gateways import KEY as API_KEY
from support.broken_gateways import Connection, RawGateway, http

if TYPE_CHECKING:
    from pathlib import Path

    from support.redis_servers import RedisServer

PHONE, TEXT, KEY = "+12125551234", "Your code is 987654", "order-4711/shipped"
WORDS = f"no text to {PHONE}: {TEXT}, says {API_KEY}"
SECRETS = (PHONE[1:], TEXT, "987654", KEY, "4711", API_KEY, "BLOCKED")


async def quoting(connection: Connection) -> None:
    """A gateway that refuses everything in words that quote it."""
    while True:
        asked = await connection.read()
        rows = [{"phone": phone, "success": False, "error": WORDS, "code": "BLOCKED"} for phone in asked.phones]
        await connection.write(http({"success": False, "results": rows}))


Reading = tuple[IdempotencyStore, Callable[[], AsyncIterator[bytes]]]


@asynccontextmanager
async def in_memory(folder: Path, server: RedisServer) -> AsyncIterator[Reading]:
    store = MemoryIdempotency()

    async def kept() -> AsyncIterator[bytes]:
        for key, packed in store._keys.kept.items():
            yield key + (packed if isinstance(packed, bytes) else msgspec.msgpack.encode(packed))

    yield store, kept


@asynccontextmanager
async def in_a_file(folder: Path, server: RedisServer) -> AsyncIterator[Reading]:
    async def kept() -> AsyncIterator[bytes]:
        for path in folder.iterdir():  # noqa: ASYNC240 - nothing else goes on
            yield path.read_bytes()

    async with SQLiteIdempotency(folder / "keys.db") as store:
        yield store, kept


@asynccontextmanager
async def in_redis(folder: Path, server: RedisServer) -> AsyncIterator[Reading]:
    prefix = f"test:{folder.name}:"
    async with RedisIdempotency(server.url, prefix, volatile=True) as store, Redis.from_url(server.url) as bare:

        async def kept() -> AsyncIterator[bytes]:
            async for name in bare.scan_iter(f"{prefix}*"):
                yield name + (await bare.dump(name) or b"")

        yield store, kept


@pytest.mark.parametrize("place", [in_memory, in_a_file, in_redis])
async def test_nothing_is_in_clear_though_the_gateway_quotes_it_and_the_words_come_back(
    place: Callable[[Path, RedisServer], AbstractAsyncContextManager[Reading]],
    tmp_path: Path,
    shared_redis: RedisServer,
) -> None:
    gateway = RawGateway(quoting)
    async with gateway.serve() as url, place(tmp_path, shared_redis) as (store, kept):
        async with AsyncClient(api_key=API_KEY, url=url, quota=MemoryQuota(), pace=None, idempotency=store) as client:
            raised = []
            for _ in range(2):
                with pytest.raises(RejectedError) as caught:
                    await client.send(PHONE, TEXT, idempotency_key=KEY)
                raised.append(str(caught.value))
        assert raised[0] == raised[1]
        assert TEXT in raised[0], "the caller hears it, twice"
        found = b"".join([piece async for piece in kept()])
        assert found
        assert [secret for secret in SECRETS if secret.encode() in found] == []
