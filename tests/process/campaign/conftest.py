"""Fixtures for tests of campaigns that real processes run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign, Limit
from customersms_async.sandbox import Sandbox
from support.campaign_run import KEY, PEOPLE
from support.killing import KEY as KILLED_KEY
from support.killing import Killing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(keys={KEY: 10**6}, limits=(Limit(10**6, 1),), latency=(0.0, 0.02))
    with sandbox.serve_in_thread():
        yield sandbox


@pytest.fixture
def path(tmp_path: Path, sandbox: Sandbox) -> Path:
    path = tmp_path / "spring.ledger"

    async def add() -> None:
        async with Campaign.open(path) as campaign:
            await campaign.add(PEOPLE, "Hello")

    asyncio.run(add())
    return path


@pytest.fixture
def killing(tmp_path: Path) -> Iterator[Killing]:
    """A campaign of its own, with a gateway of its own."""
    sandbox = Sandbox(keys={KILLED_KEY: 1_000_000}, limits=(Limit(1_000_000, 1),), latency=(0.0, 0.01))
    with sandbox.serve_in_thread():
        yield Killing(tmp_path, sandbox)
