"""Fixtures for tests of ``SQLiteQuota``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from customersms_async.quota.sqlite import SQLiteQuota
from support.sqlite_host import Clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "quota.db"


@pytest.fixture
async def make(path: Path, clock: Clock) -> AsyncIterator[Callable[..., SQLiteQuota]]:
    """Makes stores of one file, and closes them."""
    made: list[SQLiteQuota] = []

    def of(at: Path = path, **options: Any) -> SQLiteQuota:
        defaults: dict[str, Any] = {"clock": clock, "lock_timeout": 0.01}
        made.append(SQLiteQuota(at, **(defaults | options)))
        return made[-1]

    yield of
    for store in made:
        await store.aclose()


@pytest.fixture
def store(make: Callable[..., SQLiteQuota]) -> SQLiteQuota:
    return make()
