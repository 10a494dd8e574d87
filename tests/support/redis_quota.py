"""What the tests of ``RedisQuota`` on a real server take, and how."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis

from customersms_async._core.layers import Layer
from customersms_async.quota import RedisQuota
from support.real_time import PATIENCE
from support.redis_clients import FarClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from customersms_async.testing import Network
    from support.redis_servers import RedisServer

SECOND = 1_000_000
HOUR = (Layer(100, 3_600 * SECOND),)
HOLD_US = 35 * SECOND


async def taken(store: RedisQuota, layers: tuple[Layer, ...] = HOUR, hold_us: int = HOLD_US, key: str = "key") -> int:
    """The request that was granted."""
    granted = await store.take(key, layers, hold_us)
    assert isinstance(granted, int), granted
    return granted


class RedisPlace:
    """A place on the shared server for each test of a contract, and how stores of it are opened, near and far."""

    @pytest.fixture(autouse=True)
    def place(self, shared_redis: RedisServer) -> None:
        self.url = shared_redis.url
        self.prefix = f"test:{secrets.token_hex(8)}:"

    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[RedisQuota]:
        return RedisQuota(self.url, self.prefix, clock=clock, timeout=PATIENCE)

    def open_far_store(self, clock: Callable[[], int], network: Network) -> AbstractAsyncContextManager[RedisQuota]:
        return self._open_far_store(clock, network)

    @asynccontextmanager
    async def _open_far_store(self, clock: Callable[[], int], network: Network) -> AsyncIterator[RedisQuota]:
        async with Redis.from_url(self.url) as client:
            far: Any = FarClient(client, clock, network)
            yield RedisQuota(far, self.prefix, clock=clock, timeout=PATIENCE)
