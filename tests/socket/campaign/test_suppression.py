"""A campaign obeys the list of its client: who is on it is skipped, whenever that is found, and nobody waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from customersms_async import (
    Campaign,
    Caps,
    Code,
    ConfigurationError,
    Limit,
    MemorySuppression,
    Status,
    SuppressionStoreError,
)
from customersms_async.sandbox import Fault, Sandbox
from support.campaign_steps import MakeClient, codes, counted, people, run
from support.ledger_rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

ONCE_A_DAY = Caps("newsletter", per_number=Limit(1, 86_400))


def phones_of(sandbox: Sandbox) -> list[str]:
    return [text.phone for text in sandbox.texts]


class ListThatHears:
    """A list of suppressed numbers that does something as it is asked for the ``turn``-th time, before it answers.

    ``deed`` is what it does, or gives what is awaited.
    """

    in_process = True

    def __init__(self, turn: int, deed: Callable[[], Awaitable[object] | None]) -> None:
        self.phones: set[str] = set()
        self.asked = 0
        self._turn, self._deed = turn, deed

    async def suppressed(self, phones: Sequence[str]) -> frozenset[str]:
        self.asked += 1
        if self.asked == self._turn and (awaited := self._deed()) is not None:
            await awaited
        return frozenset(phones) & self.phones


async def test_whoever_is_on_the_client_s_list_is_skipped(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    store = MemorySuppression()
    await store.add(people(10)[2:4])
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        outcomes = await run(campaign, make_client(suppression=store))
        assert sorted(o.index for o in outcomes) == list(range(10))
        assert await codes(campaign) == {2: "SUPPRESSED", 3: "SUPPRESSED"}
        assert {o.error for o in outcomes if o.status is Status.UNSENT} == {
            "the number is on the list of suppressed numbers"
        }
        with pytest.raises(ConfigurationError):
            await campaign.resolve("suppressed", as_="planned", by="Ann")
        assert await campaign.resolve(people(10), as_="planned", by="Ann") == 0
    assert sorted(phones_of(sandbox)) == [p for i, p in enumerate(people(10)) if i not in (2, 3)]


@pytest.mark.parametrize("caps", [None, ONCE_A_DAY])
async def test_whoever_says_no_when_the_intent_is_durable_is_not_texted(
    make_client: MakeClient, sandbox: Sandbox, path: Path, caps: Caps | None
) -> None:
    """The list is asked with the look, and again after the ledger has begun."""
    store = ListThatHears(2, lambda: store.phones.update(people(10)[2:4]))
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        client = make_client(suppression=store, caps=caps)
        assert len(await run(campaign, client)) == 10
        assert await counted(campaign) == {"accepted": 8, "skipped": 2}
        assert await codes(campaign) == {2: "SUPPRESSED", 3: "SUPPRESSED"}
        attempts = await rows_of(
            campaign.ledger, "SELECT ids, accepted, unknown, unsent FROM attempts LEFT JOIN answers ON attempt_id = id"
        )
    assert attempts == [("0-9", 0, 0, 10), ("0-1 4-9", 8, 0, 0)]
    assert len(sandbox.texts) == 8
    assert sandbox.requests == 1
    if caps is not None:
        store.phones.clear()
        assert (await client.send_many(people(10), "Hi")).accepted == 2, "what was turned away gave its caps back"


async def test_a_list_that_can_not_be_asked_after_the_intent_leaves_everyone_planned(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    def fail() -> None:
        raise SuppressionStoreError("the list is gone")

    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        with pytest.raises(SuppressionStoreError, match="the list is gone"):
            await run(campaign, make_client(suppression=ListThatHears(2, fail)))
        assert await counted(campaign) == {"planned": 10}, "the intent has ended as unsent"
    assert sandbox.requests == 0


async def test_the_ledger_s_own_list_and_the_client_s_hold_together(
    make_client: MakeClient, sandbox: Sandbox, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In one batch: one is on the client's list, one is suppressed in the ledger while it is in hand."""
    caplog.set_level("DEBUG", "customersms_async")
    async with Campaign.open(path) as campaign, Campaign.open(path) as page:
        store = ListThatHears(1, lambda: page.ledger.suppress(people(10)[:1], "a page"))
        store.phones.add(people(10)[5])
        await campaign.add(people(10), "Hello")
        outcomes = await run(campaign, make_client(suppression=store))
        assert sorted(o.index for o in outcomes) == list(range(1, 10)), "whom somebody else skips gets no outcome"
        assert await codes(campaign) == {0: "SUPPRESSED", 5: "SUPPRESSED"}
        assert await counted(campaign) == {"accepted": 8, "skipped": 2}
    assert len(sandbox.texts) == 8
    assert pauses(caplog) == []


def pauses(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The pauses of a run that the log tells of."""
    said = [record.getMessage() for record in caplog.records]
    return [line.partition(" (key ")[0] for line in said if "before it tries again" in line]


async def test_skipping_is_no_outage(
    make_client: MakeClient, sandbox: Sandbox, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "customersms_async")
    store = MemorySuppression()
    await store.add(people(60)[::2])
    async with Campaign.open(path) as campaign:
        await campaign.add(people(60), "Hello")
        assert len(await run(campaign, make_client(suppression=store, batch_size=1))) == 60
        assert await counted(campaign) == {"accepted": 30, "skipped": 30}
    assert pauses(caplog) == []


async def test_an_outage_pauses_those_alone_whom_nothing_forbids(
    make_client: MakeClient, sandbox: Sandbox, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "customersms_async")
    sandbox.misbehave([(Fault.STATUS_429, 0.0)])
    client = make_client(caps=Caps("all", total=Limit(8, 3_600)), max_retries=0)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        assert sorted(o.index for o in await run(campaign, client)) == list(range(10))
        assert await codes(campaign) == {8: "CAPPED", 9: "CAPPED"}
        assert await counted(campaign) == {"accepted": 8, "skipped": 2}
    assert pauses(caplog) == ["the run waits 1.0 s before it tries again (RATE_LIMITED)"]


async def test_who_is_turned_away_as_the_run_ends_is_skipped_all_the_same(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    left, late = asyncio.Event(), frozenset(people(20)[10:])

    class SlowList:
        async def suppressed(self, phones: Sequence[str]) -> frozenset[str]:
            if late.intersection(phones):
                await left.wait()
            return late.intersection(phones)

    async with Campaign.open(path) as campaign:
        await campaign.add(people(20), "Hello")
        async for _ in campaign.run(make_client(suppression=SlowList(), batch_size=10, max_concurrency=3)):
            break
        left.set()
    async with Campaign.open(path) as campaign:
        assert await codes(campaign) == dict.fromkeys(range(10, 20), "SUPPRESSED")
        assert await counted(campaign) == {"accepted": 10, "skipped": 10}


async def test_who_is_skipped_when_nobody_takes_outcomes_any_more_is_recorded_and_logged(
    make_client: MakeClient, sandbox: Sandbox, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "customersms_async")
    client = make_client(caps=ONCE_A_DAY, batch_size=10, max_concurrency=1)
    await client.send_many(people(10)[:5], "Earlier today")
    async with Campaign.open(path) as campaign:
        await campaign.add(people(30), "Hello")
        async for outcome in campaign.run(client):
            if outcome.code == Code.CAPPED:
                break
    async with Campaign.open(path) as campaign:
        counts = await counted(campaign)
        assert counts["skipped"] == 5
        told = [record for record in caplog.records if "it is unsent (CAPPED)" in record.getMessage()]
        assert len(told) == 4
