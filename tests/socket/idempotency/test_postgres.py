"""``PostgresIdempotency`` on a real server: the contract, and what is its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async import PostgresIdempotency
from customersms_async.testing import IdempotencyStoreContract
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from customersms_async.idempotency import IdempotencyStore
    from support.postgres_servers import PostgresServerProcess


class TestPostgresIdempotency(IdempotencyStoreContract):
    @pytest.fixture(autouse=True)
    def place(self, shared_postgres: PostgresServerProcess) -> None:
        self.url = shared_postgres.url()

    def open_store(self, clock: Callable[[], int], keep: float) -> AbstractAsyncContextManager[IdempotencyStore]:
        return PostgresIdempotency(self.url, keep=keep, clock=clock, timeout=PATIENCE)
