"""The run loop over real sockets: who is sent to, what is recorded, and what stops it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import (
    AsyncClient,
    AuthenticationError,
    Campaign,
    CampaignStoppedError,
    ConfigurationError,
    ConnectionFailedError,
    InsufficientCreditsError,
    LedgerError,
    Limit,
    MemoryQuota,
    Message,
    Outcome,
    Status,
)
from customersms_async.sandbox import Fault, Sandbox
from support.engines import ENGINES, engine_of
from support.real_time import PATIENCE
from support.stream_asking import three_asked_for

if TYPE_CHECKING:
    from pathlib import Path

MakeClient = Callable[..., AsyncClient]


def people(count: int) -> list[str]:
    return [f"+1212{number:07}" for number in range(count)]


async def run(campaign: Campaign, client: AsyncClient, **options: Any) -> list[Outcome]:
    return [outcome async for outcome in campaign.run(client, **options)]


async def refuse_to_write(campaign: Campaign, table: str) -> None:
    """Let the ledger fail as a full disk would, at the next row for ``table``."""
    trigger = f"CREATE TRIGGER full BEFORE INSERT ON {table} BEGIN SELECT raise(ABORT, 'full'); END"

    def write() -> None:
        with closing(sqlite3.connect(campaign.ledger.path)) as connection:
            connection.execute(trigger)

    await asyncio.to_thread(write)


async def part_of_it_is_recorded(path: Path, sandbox: Sandbox, *, of: int) -> None:
    """What was in flight is there, the rest is still planned, and nobody is in between."""
    async with Campaign.open(path) as campaign:
        counts = await counted(campaign)
    assert counts["accepted"] == len(sandbox.texts) < of
    assert set(counts) == {"accepted", "planned"}


async def counted(campaign: Campaign) -> dict[str, int]:
    return {state.value: count for state, count in (await campaign.counts()).items() if count}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


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
        found = await campaign.ledger.read(
            lambda c: c.execute(
                "SELECT ids, credits_before, credits_after, status_code, accepted, unknown"
                " FROM attempts JOIN answers ON attempt_id = id"
            ).fetchall()
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
        ids = await campaign.ledger.read(lambda c: c.execute("SELECT ids FROM attempts ORDER BY id").fetchall())
    assert {entry.attempts for entry in entries} == {2}
    assert ids == [("0-99",), ("0-49",), ("50-99",)]
    assert (len(sandbox.texts), sandbox.duplicates()) == (100, ())


@pytest.mark.parametrize(
    ("options", "guard", "gone"),
    [
        ({"max_recipients": 25}, "max_recipients", 25),
        ({"max_segments": 12}, "max_segments", 12),
        ({"keep_credits": 99_975}, "keep_credits", 25),
        ({"until": datetime.now().astimezone() - timedelta(seconds=1)}, "until", 0),
        ({"allow_prefix": "+44"}, "allow_prefix", 0),
        ({"allow_prefix": ["+44", "+1"]}, None, 60),
        ({"max_recipients": 60, "keep_credits": 99_940}, None, 60),
    ],
)
async def test_a_guard_stops_before_the_next_request(
    make_client: MakeClient, sandbox: Sandbox, path: Path, options: dict[str, Any], guard: str | None, gone: int
) -> None:
    client = make_client(batch_size=10)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(60), "Hello")
        for _ in range(2):  # a second run is stopped by the same guard at the same place
            try:
                await run(campaign, client, **options)
                stopped = None
            except CampaignStoppedError as error:
                stopped = error.guard
            assert (stopped, len(sandbox.texts)) == (guard, gone)
        await run(campaign, client)
        assert await counted(campaign) == {"accepted": 60}
    assert sandbox.duplicates() == ()


async def test_unknown_requests_in_a_row_stop_it_and_those_that_wait_do_not_leave(
    make_client: MakeClient, sandbox: Sandbox, path: Path
) -> None:
    client = make_client(batch_size=10, max_concurrency=3)
    sandbox.misbehave([Fault.JSON_CUT] * 20)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(200), "Hello")
        with pytest.raises(CampaignStoppedError, match="requests in a row ended unknown"):
            await run(campaign, client)
        counts = await counted(campaign)
    assert 5 <= sandbox.requests <= 7
    assert counts == {"unknown": 10 * sandbox.requests, "planned": 200 - 10 * sandbox.requests}


async def test_the_end_of_the_time_stops_those_that_wait_for_the_quota(make_client: MakeClient, path: Path) -> None:
    client = make_client(batch_size=10, limits=Limit(2, 600))
    async with Campaign.open(path) as campaign:
        await campaign.add(people(60), "Hello")
        with pytest.raises(CampaignStoppedError, match="the time that until names"):
            await run(campaign, client, until=datetime.now().astimezone() + timedelta(seconds=0.5))
        assert (await counted(campaign))["planned"] >= 40


async def test_suppressed_numbers_are_skipped_from_then_on(client: AsyncClient, sandbox: Sandbox, path: Path) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        assert len(await run(campaign, client, suppress=["+1 (212) 000-0003"])) == 9
        assert await counted(campaign) == {"accepted": 9, "skipped": 1}
        with pytest.raises(ValueError, match="not a phone number"):
            await run(campaign, client, suppress=["nobody"])


@pytest.mark.parametrize(
    ("left", "key", "error"), [(15, None, InsufficientCreditsError), (99, "another_key", AuthenticationError)]
)
async def test_no_credits_and_a_bad_key_stop_it_with_the_rest_still_planned(
    path: Path, left: int, key: str | None, error: type[Exception]
) -> None:
    sandbox = Sandbox(keys={"cspro_made_up": left})
    async with sandbox.serve() as url, Campaign.open(path) as campaign:
        await campaign.add(people(60), "Hello")
        options: dict[str, Any] = {"url": url, "quota": MemoryQuota(), "batch_size": 10, "pace": None}
        async with AsyncClient(api_key=key or "cspro_made_up", **options) as client:
            with pytest.raises(error):
                await run(campaign, client)
        counts = await counted(campaign)
    # the gateway itself refused five of a request by their rows
    assert counts == ({"planned": 45, "accepted": 15} if key is None else {"planned": 60})


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.ROW_NO_CREDITS, InsufficientCreditsError), (Fault.ROW_KEY_REFUSED, AuthenticationError)],
)
@pytest.mark.parametrize("engine", ENGINES)
async def test_rows_that_refuse_the_key_or_the_account_stop_it_with_everyone_still_planned(
    make_client: MakeClient, sandbox: Sandbox, path: Path, engine: str, fault: Fault, error: type[Exception]
) -> None:
    sandbox.misbehave(lambda request: None if request < 3 else fault)
    async with engine_of(engine) as http_client, Campaign.open(path) as campaign:
        client = make_client(batch_size=100, max_concurrency=1, http_client=http_client)
        await campaign.add(people(1_000), "Hello")
        told: list[Outcome] = []
        with pytest.raises(error):
            async for outcome in campaign.run(client):
                told.append(outcome)
        assert {outcome.status for outcome in told} == {Status.ACCEPTED}
        assert await counted(campaign) == {"planned": 800, "accepted": 200}
        assert sandbox.requests == 3
        sandbox.misbehave(())
        assert len(await run(campaign, client)) == 800
        await client.aclose()
    assert (len(sandbox.texts), sandbox.duplicates()) == (1_000, ())


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


async def test_a_gateway_that_never_answered_ends_the_run_and_everyone_stays_planned(
    make_client: MakeClient, path: Path
) -> None:
    client = make_client(url="http://127.0.0.1:9/", max_retries=0)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        with pytest.raises(ConnectionFailedError):
            await run(campaign, client)
        assert await counted(campaign) == {"planned": 10}


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


async def test_leaving_early_records_what_is_in_flight(make_client: MakeClient, path: Path) -> None:
    sandbox = Sandbox(keys={"cspro_made_up": 1_000}, latency=(0.05, 0.1))
    async with sandbox.serve() as url:
        client = make_client(api_key="cspro_made_up", url=url, batch_size=10, max_concurrency=3)
        async with Campaign.open(path) as campaign:
            await campaign.add(people(100), "Hello")
            async for _ in campaign.run(client):
                break
        await part_of_it_is_recorded(path, sandbox, of=100)


async def test_a_run_that_was_left_is_waited_for_by_the_next(make_client: MakeClient, path: Path) -> None:
    sandbox = Sandbox(keys={"cspro_made_up": 1_000}, latency=(0.6, 0.8))
    async with sandbox.serve() as url:
        client = make_client(api_key="cspro_made_up", url=url, batch_size=10, max_concurrency=3)
        async with Campaign.open(path) as campaign:
            await campaign.add(people(60), "Hello")
            async for _ in campaign.run(client):
                break
            await run(campaign, client)
            assert await counted(campaign) == {"accepted": 60}
    assert sandbox.duplicates() == ()


async def test_a_cancelled_run_loses_no_answer(make_client: MakeClient, path: Path) -> None:
    sandbox = Sandbox(keys={"cspro_made_up": 1_000}, latency=0.2)
    async with sandbox.serve() as url:
        client = make_client(api_key="cspro_made_up", url=url, batch_size=10, max_concurrency=3)
        async with Campaign.open(path) as campaign:
            await campaign.add(people(100), "Hello")
            running = asyncio.create_task(run(campaign, client))
            async with asyncio.timeout(PATIENCE):
                while sandbox.requests < 3:  # noqa: ASYNC110 - the sandbox sets no event
                    await asyncio.sleep(0.005)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        await part_of_it_is_recorded(path, sandbox, of=100)


async def test_an_anext_at_the_heels_of_a_cancelled_one_and_two_at_once_are_all_answered(
    make_client: MakeClient, path: Path
) -> None:
    client = make_client(batch_size=1)
    async with Campaign.open(path) as campaign:
        await campaign.add(people(3), "Hello")
        outcomes = await three_asked_for(campaign.run(client))
    assert sorted(o.index for o in outcomes) == [0, 1, 2]


async def test_a_ledger_that_fails_between_grant_and_first_byte_sends_nothing_and_gives_the_grant_back(
    client: AsyncClient, sandbox: Sandbox, path: Path
) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        await refuse_to_write(campaign, "attempts")
        with pytest.raises(LedgerError, match="full"):
            await run(campaign, client)
        assert await counted(campaign) == {"planned": 10}
    assert sandbox.requests == 0
    assert (await client.quota_status()).limits[0].used == 0


async def test_an_answer_that_can_not_be_recorded_is_unknown_and_not_sent_again(
    client: AsyncClient, sandbox: Sandbox, path: Path
) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(people(10), "Hello")
        await refuse_to_write(campaign, "answers")
        with pytest.raises(LedgerError, match="full"):
            await run(campaign, client)
    async with Campaign.open(path) as campaign:
        assert await counted(campaign) == {"unknown": 10}
        assert await run(campaign, client) == []
    assert (len(sandbox.texts), sandbox.requests) == (10, 1)


async def test_a_second_run_at_the_same_time_is_refused(make_client: MakeClient, path: Path) -> None:
    client = make_client(limits=Limit(1, 600), batch_size=1)
    async with Campaign.open(path) as campaign, Campaign.open(path) as other:
        await campaign.add(people(2), "Hello")
        async with campaign.run(client) as stream:
            await anext(stream)
            with pytest.raises(LedgerError, match="a campaign is running on it"):
                await run(other, client)


async def test_whoever_asks_in_the_very_turn_in_which_a_run_fails_hears_of_it(client: AsyncClient, path: Path) -> None:
    async with Campaign.open(path) as campaign, Campaign.open(path) as other:
        await campaign.add(people(1), "Hello")
        await other.ledger.lock()
        async with campaign.run(client) as stream:
            while not all(task.done() for task in campaign._runners):  # noqa: ASYNC110 - no callback is early enough
                await asyncio.sleep(0)
            with pytest.raises(LedgerError, match="a campaign is running on it"):
                await anext(stream)
        await other.ledger.unlock()


async def test_a_campaign_is_used_within_its_context(client: AsyncClient, path: Path) -> None:
    campaign = Campaign.open(path)
    with pytest.raises(ConfigurationError, match="not open"):
        await campaign.counts()
    async with campaign:
        with pytest.raises(ConfigurationError, match="must be an iterable"):
            await campaign.add("+12125551234", "Hello")
