"""Failed requests of a send to many: which of them count, and for whom."""

from __future__ import annotations

import asyncio

import pytest

from customersms_async import OutcomeUnknownError, Priority
from support.broken_gateways import Asked, answered, http
from support.campaign_steps import people
from support.failing_gateways import BAD_GATEWAY, FORBIDDEN, PAGE, client_of, gateway

PLACES = 8
SAYS_NO = {"success": False, "error": "no", "code": "BLOCKED"}


async def test_each_call_counts_for_itself() -> None:
    """Two sends of one client at a time: what one is refused stops the other not, nor do its accepted texts save it."""
    mixed = gateway(lambda _, asked: http(answered(asked.phones)) if asked.message == "Good" else FORBIDDEN)
    async with mixed.serve() as url, client_of(url) as client:
        sends = [client.send_many(people(600), message, batch_size=10) for message in ("Good", "Bad", "Bad")]
        good, bad, other = await asyncio.gather(*sends)
    assert (good.accepted, good.stopped_by) == (600, None)
    for report in (bad, other):
        assert report.stopped_by == "stop_after_refused"
        assert 5 <= report.requests <= PLACES + 4
        assert (report.rejected, report.unsent) == (10 * report.requests, 600 - 10 * report.requests)


async def test_single_sends_never_count_and_are_never_stopped() -> None:
    mixed = gateway(lambda _, asked: http(answered(asked.phones)) if asked.message == "Bulk" else BAD_GATEWAY)
    async with mixed.serve() as url, client_of(url) as client:
        bulk = asyncio.create_task(client.send_many(people(400), "Bulk", batch_size=10))
        for _ in range(12):
            with pytest.raises(OutcomeUnknownError):
                await client.send("+12125551234", "One", priority=Priority.URGENT)
        assert ((await bulk).accepted, (await bulk).stopped_by) == (400, None)


async def test_urgent_bulk_sends_stop_as_well_and_leave_those_that_wait_behind_them_alone() -> None:
    mixed = gateway(lambda _, asked: http(answered(asked.phones)) if asked.message == "Good" else BAD_GATEWAY)
    async with mixed.serve() as url, client_of(url, max_concurrency=2) as client:
        urgent = client.send_many(people(500), "Bad", batch_size=10, priority=Priority.URGENT)
        good, bad = await asyncio.gather(client.send_many(people(500), "Good", batch_size=10), urgent)
    assert (good.accepted, bad.stopped_by) == (500, "stop_after_unknown")
    assert bad.requests <= 2 + 4


async def test_a_429_between_failures_neither_counts_nor_begins_anew() -> None:
    slow_down = http(PAGE, "429 Too Many Requests", Retry_After="0")
    broken = gateway(lambda number, _: BAD_GATEWAY if number % 2 else slow_down)
    async with broken.serve() as url, client_of(url, max_concurrency=1, max_retries=5) as client:
        report = await client.send_many(people(100), "Hello", batch_size=1)
    assert broken.requests == 9  # every second one is an attempt that was put off
    assert (report.unknown, report.unsent, report.stopped_by) == (5, 95, "stop_after_unknown")


async def test_what_never_left_does_not_count() -> None:
    async with client_of("http://127.0.0.1:9/", max_retries=0) as client:
        report = await client.send_many(people(20), "Hello", batch_size=1)
    assert {o.code for o in report.outcomes} == {"CONNECTION_FAILED"}
    assert report.stopped_by is None


async def test_parts_of_one_batch_count_one_by_one_and_the_rest_of_it_is_unsent() -> None:
    too_large = http(PAGE, "413 Content Too Large")
    broken = gateway(lambda _, asked: too_large if len(asked.phones) > 10 else FORBIDDEN)
    async with broken.serve() as url, client_of(url) as client:
        report = await client.send_many(people(640), "Hello", batch_size=640)
    assert (report.rejected, report.unsent, report.stopped_by) == (50, 590, "stop_after_refused")
    assert report.requests == 6 + 5  # 640, 320, 160, 80, 40 and 20 were too many


async def test_single_numbers_that_the_gateway_refuses_neither_count_nor_begin_anew() -> None:
    no = http(SAYS_NO, "400 Bad Request")
    refusing = gateway(lambda _, __: no)
    async with refusing.serve() as url, client_of(url) as client:
        report = await client.send_many(people(60), "Hello", batch_size=1)
        assert (report.rejected, report.stopped_by) == (60, None)
        report = await client.send_many(people(600), "Hello", batch_size=2)
        assert (report.stopped_by, report.requests <= PLACES + 4) == ("stop_after_refused", True)
    mixed = gateway(lambda number, _: no if number % 2 else FORBIDDEN)
    async with mixed.serve() as url, client_of(url, max_concurrency=1) as client:
        report = await client.send_many(people(60), "Hello", batch_size=1)
    assert (report.rejected, report.unsent, report.stopped_by) == (10, 50, "stop_after_refused")


async def test_an_accepted_text_begins_anew() -> None:
    def accepts_the_first_of_every_fifth(number: int, asked: Asked) -> bytes:
        if number % 5:
            return BAD_GATEWAY if number % 2 else FORBIDDEN
        return http({"success": False, "results": [{"phone": asked.phones[0], "success": True, "message_id": "msg_1"}]})

    broken = gateway(accepts_the_first_of_every_fifth)
    async with broken.serve() as url, client_of(url, max_concurrency=1) as client:
        report = await client.send_many(people(200), "Hello", batch_size=2)
    assert (broken.requests, report.accepted, report.unsent, report.stopped_by) == (100, 20, 0, None)
