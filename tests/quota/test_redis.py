"""``RedisQuota`` on a real server: the contract, lost scripts, lost servers, and what it says about their settings."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from customersms_async.quota import RedisQuota
from customersms_async.testing import QuotaStoreContract

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from customersms_async.quota import QuotaStore

    from .servers import RedisServer


class TestRedisQuota(QuotaStoreContract):
    @pytest.fixture(autouse=True)
    def place(self, shared_redis: RedisServer) -> None:
        self.url = shared_redis.url
        self.prefix = f"test:{secrets.token_hex(8)}:"

    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[QuotaStore]:
        return RedisQuota(self.url, self.prefix, clock=clock)
