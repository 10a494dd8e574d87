"""``RedisQuota`` and more keys at once than there are connections."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis

from customersms_async import AuthenticationError, QuotaStoreError
from customersms_async._core.layers import Layer
from customersms_async.quota import RedisQuota
from customersms_async.quota._redis.server_url import CONNECTIONS
from support.real_time import PATIENCE, Stopwatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from customersms_async import AsyncClient
    from support.redis_servers import RedisServer

HOUR = (Layer(100, 3_600_000_000),)
HOLD_US = 35_000_000
KEYS = 300


async def used_by(store: RedisQuota, key: str) -> int:
    """A request of a key, from its grant to its answer."""
    request = await store.take(key, HOUR, HOLD_US)
    assert isinstance(request, int)
    await store.settle(key, request)
    return (await store.usage(key, HOUR))[0][0].used


@pytest.mark.parametrize("kind", ["URL", "URL with a number", "client", "client with a pool of 7"])
async def test_hundreds_of_keys_at_once_wait_for_connections_and_do_not_fail(
    kind: str, shared_redis: RedisServer, bare: Redis, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    most = {"URL with a number": 20, "client with a pool of 7": 7}.get(kind, CONNECTIONS)
    before = len(await bare.client_list())
    async with contextlib.AsyncExitStack() as closing:
        server: Any = shared_redis.url + ("?max_connections=20" if kind == "URL with a number" else "")
        if kind.startswith("client"):
            server = Redis.from_url(server, max_connections=7) if "7" in kind else Redis.from_url(server)
            await closing.enter_async_context(server)
        store = await closing.enter_async_context(RedisQuota(server, prefix, timeout=PATIENCE))
        for _ in range(3):
            assert set(await asyncio.gather(*(used_by(store, f"{key}") for key in range(KEYS)))) <= {1, 2, 3}
        assert before < len(await bare.client_list()) <= before + most
        asked = [asyncio.create_task(used_by(store, f"{key}")) for key in range(KEYS)]
        await asyncio.sleep(0.01)
        for task in asked:
            task.cancel()
        await asyncio.wait(asked)
        assert set(await asyncio.gather(*(used_by(store, f"new {key}") for key in range(KEYS)))) == {1}
    assert not caplog.messages
    for _ in range(1_000):
        if len(await bare.client_list()) == before:
            break
        await asyncio.sleep(0.01)
    else:
        pytest.fail("connections are left open")


async def test_many_clients_of_one_store_send_without_a_warning(
    shared_redis: RedisServer,
    prefix: str,
    make_client: Callable[..., AsyncClient],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with RedisQuota(shared_redis.url, prefix, timeout=PATIENCE) as store:
        parent = make_client(quota=store)
        clients = [parent.with_options(api_key=f"key-{number}", quota=store) for number in range(KEYS // 2)]
        sends = (client.send("+12125551234", "hello") for client in clients)
        outcomes = await asyncio.gather(*sends, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {AuthenticationError}, "what the gateway says of such a key"
    assert not [message for message in caplog.messages if "quota store" in message]


@contextlib.asynccontextmanager
async def silent() -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        yield listener.sockets[0].getsockname()[1]


async def test_a_silent_server_is_out_of_reach_for_all_who_wait_at_the_same_time() -> None:
    async with silent() as port, RedisQuota(f"redis://127.0.0.1:{port}?max_connections=2", timeout=0.2) as store:
        with Stopwatch() as took:
            failed = await asyncio.gather(*(store.usage(f"{key}", HOUR) for key in range(40)), return_exceptions=True)
    assert {type(error) for error in failed} == {QuotaStoreError}
    assert all(error.temporary for error in failed if isinstance(error, QuotaStoreError))
    assert took.seconds < 1.5, "4 s, if they waited one after the other"
