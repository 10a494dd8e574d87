"""A campaign's run over real sockets: who is sent to, and what is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Campaign, ConfigurationError, Limit, Message, Status
from customersms_async.sandbox import Fault, Sandbox
from support.campaign_steps import MakeClient, counted, people, run
from support.ledger_rows import rows_of

if TYPE_CHECKING:
    from pathlib import Path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


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


async def test_equal_texts_share_requests(client: AsyncClient, sandbox: Sandbox, path: Path) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(Message(phone, f"Text {number % 3}") for number, phone in enumerate(people(90)))
        assert len(await run(campaign, client)) == 90
    assert sandbox.requests == 3


async def test_what_is_unknown_or_rejected_stays_until_a_person_says_otherwise(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    client = make_client(batch_size=1)
    sandbox.misbehave([Fault.JSON_CUT, Fault.STATUS_404])
    async with Campaign.open(path) as campaign:
        await campaign.add(people(3), "Hello")
        assert {o.index: o.status for o in await run(campaign, client)} == {
            0: Status.UNKNOWN, 1: Status.REJECTED, 2: Status.ACCEPTED,
        }  # fmt: skip
        assert await run(campaign, client) == []
        await campaign.resolve("unknown", as_="accepted", by="Ann")
        await campaign.resolve("rejected", as_="planned", by="Ann")
        assert [o.index for o in await run(campaign, client)] == [1]
        assert await counted(campaign) == {"accepted": 3}
    assert sandbox.duplicates() == ()


async def test_each_attempt_keeps_the_credits_known_before_and_after(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    client = make_client(batch_size=10, max_concurrency=1)
    sandbox.misbehave({2: Fault.STATUS_502})
    async with Campaign.open(path) as campaign:
        await campaign.add(people(30), "Hello")
        await run(campaign, client)
        found = await rows_of(
            campaign.ledger,
            "SELECT ids, credits_before, credits_after, status_code, accepted, unknown"
            " FROM attempts JOIN answers ON attempt_id = id",
        )
    assert found == [
        ("0-9", None, "99990", 200, 10, 0),
        ("10-19", "99990", None, 502, 0, 10),
        ("20-29", "99990", "99970", 200, 10, 0),
    ]


async def test_a_batch_that_is_too_large_goes_out_in_parts_each_with_its_own_attempt(
    client: AsyncClient, sandbox: Sandbox, path: Path
) -> None:
    sandbox.misbehave([Fault.STATUS_413])
    async with Campaign.open(path) as campaign:
        await campaign.add(people(100), "Hello")
        assert len(await run(campaign, client)) == 100
        entries = [entry async for page in campaign.pages() for entry in page]
        ids = await rows_of(campaign.ledger, "SELECT ids FROM attempts ORDER BY id")
    assert {entry.attempts for entry in entries} == {2}
    assert ids == [("0-99",), ("0-49",), ("50-99",)]
    assert (len(sandbox.texts), sandbox.duplicates()) == (100, ())


async def test_suppressed_numbers_are_skipped_from_then_on(client: AsyncClient, sandbox: Sandbox, path: Path) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        assert len(await run(campaign, client, suppress=["+1 (212) 000-0003"])) == 9
        assert await counted(campaign) == {"accepted": 9, "skipped": 1}
        with pytest.raises(ValueError, match="not a phone number"):
            await run(campaign, client, suppress=["nobody"])


async def test_who_is_suppressed_in_one_notation_is_skipped_in_the_other(
    client: AsyncClient, sandbox: Sandbox, path: Path
) -> None:
    """As a reply has a 1 behind +52, or no 9 behind +54, that the list of recipients has not, or has."""
    async with Campaign.open(path) as campaign:
        await campaign.add(["+525512345678", "+5491123456789", "+12120000000"], "Hello", suppress=["+5215512345678"])
        assert len(await run(campaign, client, suppress=["+54 11 2345-6789"])) == 1
    assert [text.phone for text in sandbox.texts] == ["+12120000000"]


async def test_rows_beyond_the_limits_are_sent_later_and_once(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    client = make_client(batch_size=10, limits=Limit(1_000, 1), max_retries=0)
    sandbox.misbehave([Fault.ROW_RATE_LIMITED])
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        assert len(await run(campaign, client)) == 10
        assert await counted(campaign) == {"accepted": 10}
    assert (len(sandbox.texts), sandbox.requests, sandbox.duplicates()) == (10, 2, ())


async def test_a_gateway_that_answers_429_without_end_is_waited_for(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    """Each is an answer: nothing is lost, and nothing ends."""
    client = make_client(batch_size=10, max_concurrency=1, max_retries=0)
    sandbox.misbehave({2: (Fault.STATUS_429, 0.0), 3: (Fault.STATUS_429, 0.0)})
    async with Campaign.open(path) as campaign:
        await campaign.add(people(20), "Hello")
        assert len(await run(campaign, client)) == 20
    assert (len(sandbox.texts), sandbox.duplicates()) == (20, ())


async def test_a_campaign_is_used_within_its_context(client: AsyncClient, path: Path) -> None:
    campaign = Campaign.open(path)
    with pytest.raises(ConfigurationError, match="not open"):
        await campaign.counts()
    async with campaign:
        with pytest.raises(ConfigurationError, match="must be an iterable"):
            await campaign.add("+12125551234", "Hello")
