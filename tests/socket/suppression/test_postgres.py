"""``PostgresSuppression`` on a real server: the contract, and what is its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import PostgresSuppression
from customersms_async.testing import SuppressionStoreContract
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from support.postgres_servers import PostgresServerProcess


class TestPostgresSuppression(SuppressionStoreContract):
    @pytest.fixture(autouse=True)
    def place(self, shared_postgres: PostgresServerProcess) -> None:
        self.url = shared_postgres.url()

    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[Any]:
        return PostgresSuppression(self.url, clock=clock, timeout=PATIENCE)
