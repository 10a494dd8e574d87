from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .servers import RedisServer, redis_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests that do not stop it; each uses keys of its own."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server
