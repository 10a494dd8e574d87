"""Fixtures for tests of ``RedisQuota`` on a real server."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from customersms_async.quota import RedisQuota
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.redis_servers import RedisServer


@pytest.fixture
def prefix() -> str:
    return f"test:{secrets.token_hex(8)}:"


@pytest.fixture
async def bare(shared_redis: RedisServer) -> AsyncIterator[Redis]:
    """The server's own view."""
    async with Redis.from_url(shared_redis.url, decode_responses=True) as client:
        yield client


@pytest.fixture
async def store(shared_redis: RedisServer, prefix: str) -> AsyncIterator[RedisQuota]:
    """A store on the server's own time."""
    async with RedisQuota(shared_redis.url, prefix, timeout=PATIENCE) as opened:
        yield opened
