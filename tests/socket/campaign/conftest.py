"""A ledger in the test's own folder, and the places between which a campaign moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.moves import Places

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from customersms_async import AsyncClient
    from support.postgres_servers import PostgresServerProcess


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def places(tmp_path: Path, shared_postgres: PostgresServerProcess) -> Places:
    return Places(tmp_path, shared_postgres)


@pytest.fixture
def small_client(make_client: Callable[..., AsyncClient]) -> AsyncClient:
    return make_client(batch_size=5, max_concurrency=2)
