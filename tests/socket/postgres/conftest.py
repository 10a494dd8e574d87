"""A database of a test's own, on the server that a worker of the tests has started."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.postgres_servers import PostgresServerProcess


@pytest.fixture
def database(started_postgres: PostgresServerProcess) -> Iterator[str]:
    """An empty database of the role ``app``, in which the role ``guest`` has no rights."""
    name = f"test_{secrets.token_hex(6)}"
    started_postgres.sql(f"CREATE DATABASE {name} OWNER app")
    if not started_postgres.sql("SELECT 1 FROM pg_roles WHERE rolname = 'guest'"):
        started_postgres.sql("CREATE ROLE guest LOGIN")
    yield name
    started_postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")
