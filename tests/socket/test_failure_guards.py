"""Sends to many that stop when request after request fails, over real sockets: what leaves, and what is told."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import (
    AuthenticationError,
    Campaign,
    CampaignStoppedError,
    ConfigurationError,
    Limit,
    OutcomeUnknownError,
    RejectedError,
    SendError,
    Status,
)
from support.broken_gateways import Connection, RawGateway, http
from support.campaign_steps import counted, people, run
from support.failing_gateways import BAD_GATEWAY, FORBIDDEN, PAGE, client_of, failing, gateway
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from customersms_async import Outcome

PLACES = 8
FAILURES: dict[str, tuple[bytes | None, str]] = {
    "502": (BAD_GATEWAY, "stop_after_unknown"),
    "a page with status 202": (http(PAGE, "202 Accepted"), "stop_after_unknown"),
    "no answer": (None, "stop_after_unknown"),
    "a reset": (b"", "stop_after_unknown"),
    "a firewall's 403": (FORBIDDEN, "stop_after_refused"),
    "a moved script's 404": (http(PAGE, "404 Not Found"), "stop_after_refused"),
    "a redirect": (http(b"", "301 Moved Permanently", Location="/there"), "stop_after_refused"),
}


def timeout_of(failure: bytes | None) -> float:
    """Seconds until a request is given up: few where that is the failure, and still enough for those before it."""
    return 1.0 if failure is None else PATIENCE


async def told(stream: Any) -> tuple[list[Outcome], SendError | None]:
    """All outcomes of a stream, and the error at its end."""
    outcomes: list[Outcome] = []
    try:
        async for outcome in stream:
            outcomes.append(outcome)
    except SendError as error:
        return outcomes, error
    return outcomes, None


def statuses(outcomes: list[Outcome] | tuple[Outcome, ...]) -> dict[str, int]:
    return dict(Counter(outcome.status.value for outcome in outcomes))


@pytest.mark.parametrize("first", [1, 20])
@pytest.mark.parametrize("name", FAILURES)
async def test_send_many_stops_and_reports_everyone(name: str, first: int) -> None:
    failure, guard = FAILURES[name]
    broken = failing(failure, first)
    phones = people(6_000)
    async with broken.serve() as url, client_of(url, timeout=timeout_of(failure)) as client:
        report = await client.send_many(phones, "Hello", batch_size=1)
    assert [o.phone for o in report.outcomes] == phones
    assert 5 <= broken.requests - (first - 1) <= PLACES + 4
    failed = "unknown" if guard == "stop_after_unknown" else "rejected"
    unsent = 6_000 - broken.requests
    assert statuses(report.outcomes) == {"unsent": unsent, failed: broken.requests - first + 1} | (
        {"accepted": first - 1} if first > 1 else {}
    )
    assert {(o.code, o.error) for o in report.outcomes if o.status is Status.UNSENT} == {
        ("STOPPED", "not sent, because sending was stopped")
    }
    assert report.stopped_by == guard
    with pytest.raises(
        OutcomeUnknownError if failed == "unknown" else RejectedError, match=f"; {guard} ended it early"
    ):
        report.raise_for_failures()


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("form", ["iterator", "async iterator"])
async def test_a_stream_reads_no_further_gives_what_it_has_read_and_raises(name: str, form: str) -> None:
    failure, guard = FAILURES[name]
    broken = failing(failure, 4)
    read: list[str] = []

    def source() -> Iterator[str]:
        for i, phone in enumerate(people(6_000)):
            read.append(phone if i % 7 else "nobody")
            yield read[-1]

    async def async_source() -> AsyncIterator[str]:
        for phone in source():
            yield phone

    async with broken.serve() as url, client_of(url, timeout=timeout_of(failure)) as client:
        stream = client.stream(source() if form == "iterator" else async_source(), "Hello", batch_size=1)
        outcomes, error = await told(stream)
        assert [outcome async for outcome in stream] == []
    assert 5 <= broken.requests - 3 <= PLACES + 4
    assert [o.phone for o in sorted(outcomes, key=lambda o: o.index)] == read
    assert len(read) < 100
    assert error is not None
    assert re.match(
        rf"stopped before the next request by {guard}: 5 requests in a row .* \(the last: .*\): see ", str(error)
    )
    assert set(error.phones) == {o.phone for o in outcomes if o.code == "STOPPED"}
    status = None if failure in (None, b"") else int((failure or b"")[9:12])
    assert (type(error), error.code, error.status_code, error.report) == (SendError, "STOPPED", status, None)


@pytest.mark.parametrize("name", FAILURES)
async def test_a_campaign_stops_and_the_rest_stays_planned(name: str, tmp_path: Path) -> None:
    failure, guard = FAILURES[name]
    broken = failing(failure, 4)
    async with (
        broken.serve() as url,
        client_of(url, timeout=timeout_of(failure), batch_size=1) as client,
        Campaign.open(tmp_path / "ledger") as campaign,
    ):
        await campaign.add(people(1_000), "Hello")
        with pytest.raises(CampaignStoppedError, match=r"5 requests in a row .* \(the last: ") as raised:
            await run(campaign, client)
        assert raised.value.guard == guard
        failed = "unknown" if guard == "stop_after_unknown" else "rejected"
        gone = broken.requests - 3
        assert await counted(campaign) == {"accepted": 3, failed: gone, "planned": 997 - gone}
    assert 5 <= gone <= PLACES + 4


async def test_what_an_async_source_still_has_is_read_and_reported() -> None:
    broken = failing(BAD_GATEWAY)

    async def source() -> AsyncIterator[str]:
        for i, phone in enumerate(people(300)):
            if i == 250:
                await asyncio.sleep(0.15)  # a part-filled batch goes out meanwhile
            yield phone

    async with broken.serve() as url, client_of(url) as client:
        report = await client.send_many(source(), "Hello", batch_size=10)
    assert [o.index for o in report.outcomes] == list(range(300))
    assert (report.unknown, report.unsent) == (10 * broken.requests, 300 - 10 * broken.requests)
    assert report.stopped_by == "stop_after_unknown"


async def test_those_that_wait_for_the_quota_wait_no_longer() -> None:
    broken = failing(BAD_GATEWAY)
    async with broken.serve() as url, client_of(url, limits=Limit(5, 3_600), reserve=0) as client:
        async with asyncio.timeout(PATIENCE):
            report = await client.send_many(people(600), "Hello", batch_size=10)
    assert (broken.requests, report.unknown, report.stopped_by) == (5, 50, "stop_after_unknown")


async def test_none_turns_each_guard_off(tmp_path: Path) -> None:
    off: dict[str, Any] = {"stop_after_unknown": None, "stop_after_refused": None}
    broken = gateway(lambda number, _: BAD_GATEWAY if number % 60 < 30 else FORBIDDEN)
    async with broken.serve() as url, client_of(url) as client, Campaign.open(tmp_path / "ledger") as campaign:
        report = await client.send_many(people(60), "Hello", batch_size=1, **off)
        assert (report.requests, report.unsent, report.stopped_by) == (60, 0, None)
        assert len((await told(client.stream(people(60), "Hello", batch_size=1, **off)))[0]) == 60
        await campaign.add(people(60), "Hello")
        await run(campaign, client.with_options(batch_size=1), **off)
        assert "planned" not in await counted(campaign)
    assert broken.requests == 180


async def test_a_guard_that_kept_nobody_back_is_not_told_of() -> None:
    broken = failing(BAD_GATEWAY)
    async with broken.serve() as url, client_of(url) as client:
        phones = [*people(5), "nobody"]
        report = await client.send_many(phones, "Hello", batch_size=1)
        assert (report.unknown, report.unsent, report.stopped_by) == (5, 1, None)
        outcomes, error = await told(client.stream(phones, "Hello", batch_size=1))
        assert (statuses(outcomes), error) == ({"unknown": 5, "unsent": 1}, None)


async def test_an_error_of_the_source_itself_goes_before_the_guard() -> None:
    def source() -> Iterator[str]:
        yield from people(100)
        raise KeyError("column")

    broken = failing(BAD_GATEWAY)
    async with broken.serve() as url, client_of(url) as client:
        stream, outcomes = client.stream(source(), "Hello", batch_size=10), []
        with pytest.raises(KeyError, match="column"):
            async for outcome in stream:
                outcomes.append(outcome)
    assert statuses(outcomes) == {"unknown": 10 * broken.requests, "unsent": 100 - 10 * broken.requests}


async def test_a_stream_that_is_left_before_it_is_stopped_says_what_became_of_whom(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = failing(BAD_GATEWAY, 2)
    async with broken.serve() as url, client_of(url) as client:
        async for outcome in client.stream(people(6_000), "Hello", batch_size=1):
            assert outcome.index == 0
            break
        await client.aclose()
    assert 1 <= broken.requests <= PLACES + 4
    assert "nobody waited for" in caplog.text


async def test_a_key_that_is_refused_after_the_guard_was_reached_is_raised_with_the_report() -> None:
    """As long as the key is refused, nothing that the guard says to look into helps."""
    all_there = asyncio.Event()

    async def act(connection: Connection) -> None:
        while True:
            await connection.read()
            is_last = connection.gateway.requests == 6
            if is_last:
                all_there.set()
                await asyncio.sleep(0.2)
                await connection.write(http({"success": False, "code": "INVALID_API_KEY"}, "401 Unauthorized"))
            await all_there.wait()
            await connection.write(BAD_GATEWAY)

    broken = RawGateway(act)
    async with broken.serve() as url, client_of(url) as client:
        with pytest.raises(AuthenticationError) as raised:
            await client.send_many(people(600), "Hello", batch_size=10)
    report = raised.value.report
    assert report is not None
    assert len(raised.value.phones) == 10
    assert Counter(o.code for o in report.outcomes)["STOPPED"] == 600 - 10 * report.requests


@pytest.mark.parametrize("value", [0, True, 1.5, "none"])
@pytest.mark.parametrize("name", ["stop_after_unknown", "stop_after_refused"])
async def test_a_guard_that_can_not_be_is_refused_before_anything_is_sent(
    name: str, value: Any, tmp_path: Path
) -> None:
    options = {name: value}
    async with client_of("http://127.0.0.1:9/") as client, Campaign.open(tmp_path / "ledger") as campaign:
        with pytest.raises(ConfigurationError, match=name):
            await client.send_many(people(1), "Hello", **options)
        with pytest.raises(ConfigurationError, match=name):
            client.stream(people(1), "Hello", **options)
        with pytest.raises(ConfigurationError, match=name):
            campaign.run(client, **options)
