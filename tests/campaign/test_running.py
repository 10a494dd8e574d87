"""The run loop over real sockets: who is sent to, what is recorded, and what stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async import (
    AsyncClient,
    Campaign,
    Outcome,
    Status,
)

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

MakeClient = "Callable[..., AsyncClient]"


def people(count: int) -> list[str]:
    return [f"+1212{number:07}" for number in range(count)]


async def run(campaign: Campaign, client: AsyncClient, **options: object) -> list[Outcome]:
    return [outcome async for outcome in campaign.run(client, **options)]  # type: ignore[arg-type]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


async def test_everyone_is_sent_to_once_and_recorded(client: AsyncClient, sandbox: Sandbox, path: Path) -> None:
    async with Campaign.open(path) as campaign:
        assert await campaign.add([*people(250), "nobody", people(1)[0]], "Hello")
        outcomes = await run(campaign, client)
        assert sorted(o.index for o in outcomes) == list(range(250))
        assert {o.status for o in outcomes} == {Status.ACCEPTED}
        assert await campaign.counts() == {
            "planned": 0, "sending": 0, "accepted": 250, "rejected": 0, "unknown": 0, "skipped": 2,
        }  # fmt: skip
        assert await run(campaign, client) == []
    assert (len(sandbox.texts), sandbox.requests, sandbox.duplicates()) == (250, 3, ())
    assert mode(path) == 0o600
    async with Campaign.open(path) as campaign:
        assert [o.code async for o in campaign.outcomes(Status.UNSENT)] == ["INVALID_PHONE", "DUPLICATE"]
