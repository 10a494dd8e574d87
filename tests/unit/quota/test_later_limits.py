"""Whole clients that share a store, one of which comes later and with a longer limit."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from customersms_async import Limit, MemoryQuota, Priority, QuotaExceededError, RedisQuota, SQLiteQuota
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from customersms_async import AsyncClient
    from customersms_async.quota import QuotaStore
    from customersms_async.sandbox import Sandbox

PHONE = "+12125551234"
BRIEF, HOUR = Limit(60, 0.000_5), Limit(60, 3_600)
"""The brief one forgets each request before the next one leaves."""


@asynccontextmanager
async def opened(kind: str, request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[QuotaStore]:
    if kind == "redis":
        url = request.getfixturevalue("shared_redis").url
        async with RedisQuota(url, f"test:{secrets.token_hex(8)}:", timeout=PATIENCE) as redis:
            yield redis
    elif kind == "sqlite":
        async with SQLiteQuota(folder / "quota.sqlite") as sqlite:
            yield sqlite
    else:
        yield MemoryQuota()


@pytest.mark.parametrize("kind", ["memory", "sqlite", "redis"])
async def test_a_client_that_comes_later_with_a_longer_limit_knows_what_was_sent(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    make_client: Callable[..., AsyncClient],
    sandbox: Sandbox,
) -> None:
    async with opened(kind, request, tmp_path) as store:
        first = make_client(quota=store, limits=BRIEF)
        for number in range(80):
            await first.send(PHONE, str(number), priority=Priority.URGENT)
        later = make_client(quota=store, limits=[BRIEF, HOUR])
        status = (await later.quota_status()).limits[1]
        assert (status.used, status.free) == (80, 0)
        with pytest.raises(QuotaExceededError) as caught:
            await later.send(PHONE, "too many", max_wait=1)
        assert 3_500 < caught.value.retry_after <= 3_601
        await first.send(PHONE, "the first one's limits are what they were")
    assert len(sandbox.texts) == 81
