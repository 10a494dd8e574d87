"""``PostgresLedger`` on a real server: the contract of campaign ledgers."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from customersms_async.campaign._postgres.database_place import read_place
from customersms_async.campaign._postgres.ledger import PostgresLedger
from customersms_async.testing import LedgerContract

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.postgres_servers import PostgresServerProcess

_numbers = itertools.count()


class TestPostgresLedger(LedgerContract):
    @pytest.fixture(autouse=True)
    def place(self, shared_postgres: PostgresServerProcess) -> None:
        self.address = f"{shared_postgres.url()}#test-{next(_numbers)}"

    async def open(self, clock: Callable[[], int]) -> PostgresLedger:
        return await PostgresLedger.open(read_place(self.address, None), create=True, clock=clock)
