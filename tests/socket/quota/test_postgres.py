"""``PostgresQuota`` on a real server: the contract, and what is its own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async._postgres.errors import PostgresError
from customersms_async.quota import PostgresQuota
from customersms_async.testing import CapStoreContract, Network, QuotaStoreContract
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from support.postgres_servers import PostgresServerProcess


class PlaceOfPostgres:
    """Opens the store that is tested, near and far."""

    @pytest.fixture(autouse=True)
    def place(self, shared_postgres: PostgresServerProcess) -> None:
        self.url = shared_postgres.url()

    def open_store(self, clock: Callable[[], int]) -> AbstractAsyncContextManager[PostgresQuota]:
        return PostgresQuota(self.url, clock=clock, timeout=PATIENCE)

    def open_far_store(self, clock: Callable[[], int], network: Network) -> AbstractAsyncContextManager[PostgresQuota]:
        return self._open_far_store(clock, network)

    @asynccontextmanager
    async def _open_far_store(self, clock: Callable[[], int], network: Network) -> AsyncIterator[PostgresQuota]:
        async with PostgresQuota(self.url, clock=clock, timeout=PATIENCE) as store:
            far: Any = FarServer(store._server, clock, network)
            store._server = far
            yield store


class TestPostgresQuota(PlaceOfPostgres, QuotaStoreContract):
    pass


class TestPostgresQuotaCaps(PlaceOfPostgres, CapStoreContract):
    pass


class FarServer:
    """A server whose calls go over a network, and run at the time of their arrival."""

    trusts = False

    def __init__(self, server: Any, clock: Callable[[], int], network: Network) -> None:
        self._server, self._clock, self._network = server, clock, network

    async def ask(self, command: bytes, about: bytes, _: bytes | None, *given: bytes | None) -> Any:
        def send() -> Any:
            return self._server.ask(command, about, b"%d" % self._clock(), *given)

        try:
            return await self._network.carry(send)
        except ConnectionError as error:
            raise PostgresError(str(error), temporary=True) from None

    async def aclose(self) -> None:
        await self._server.aclose()
