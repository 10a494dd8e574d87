"""Bulk sends over real sockets: what a caller is told, and what the gateway got."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import (
    AsyncClient,
    AuthenticationError,
    ConfigurationError,
    InsufficientCreditsError,
    Limit,
    MemoryQuota,
    Message,
    OutcomeUnknownError,
    Priority,
    QuotaExceededError,
    SendReport,
    Status,
)
from customersms_async.sandbox import Fault, Sandbox
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    MakeClient = Callable[..., AsyncClient]


def numbers(count: int) -> list[str]:
    return [f"+1212{i:07}" for i in range(count)]


async def until(met: Callable[[], bool]) -> None:
    """Wait for something that another party does."""
    async with asyncio.timeout(PATIENCE):
        while not met():  # noqa: ASYNC110 - the sandbox sets no event
            await asyncio.sleep(0.005)


async def in_parts(items: list[Any], size: int) -> AsyncIterator[Any]:
    """So many at a time, and a turn of the event loop between: shorter than any silence that is measured in seconds."""
    for i, item in enumerate(items):
        if i and i % size == 0:
            await asyncio.sleep(0)
        yield item


async def test_everyone_is_reported_in_input_order_with_the_id_of_their_text(
    client: AsyncClient, sandbox: Sandbox
) -> None:
    phones = numbers(350)
    report = await client.send_many(phones, "Hello")
    ids = {text.phone: text.message_id for text in sandbox.texts}
    assert [o.index for o in report.outcomes] == list(range(350))
    assert [o.phone for o in report.outcomes] == phones
    assert [o.message_id for o in report.outcomes] == [ids[phone] for phone in phones]
    assert (report.accepted, report.requests, sandbox.requests) == (350, 4, 4)
    assert report.remaining_credits == client.remaining_credits == 99_650
    report.raise_for_failures()


async def test_one_bad_recipient_stops_nobody(client: AsyncClient, sandbox: Sandbox) -> None:
    good = numbers(3)
    inputs: list[Any] = [good[0], "not a number", f" {good[0]} ", None, good[1], 12125551234, good[2]]
    report = await client.send_many(inputs, "Hello")
    assert [(o.status.value, o.code) for o in report.outcomes] == [
        ("accepted", None),
        ("unsent", "INVALID_PHONE"),
        ("unsent", "DUPLICATE"),
        ("unsent", "INVALID_PHONE"),
        ("accepted", None),
        ("unsent", "INVALID_PHONE"),
        ("accepted", None),
    ]
    assert [text.phone for text in sandbox.texts] == good


async def test_messages_that_can_not_be_sent_are_reported_too(client: AsyncClient) -> None:
    messages = [Message(phone, text) for phone, text in zip(numbers(3), ["", "\ud83d", "fine"], strict=True)]
    report = await client.send_many(messages)
    assert [(o.status.value, o.code) for o in report.outcomes] == [
        ("unsent", "INVALID_MESSAGE"),
        ("unsent", "INVALID_MESSAGE"),
        ("accepted", None),
    ]


async def test_a_repeat_is_known_however_far_away_it_is(client: AsyncClient, sandbox: Sandbox) -> None:
    phones = numbers(1_000)
    report = await client.send_many([*phones, phones[0]], "Hello")
    assert report.outcomes[-1].code == "DUPLICATE"
    assert not sandbox.duplicates()
    assert (await client.send_many([Message(phones[0], "Hello"), Message(phones[0], "Bye")])).accepted == 2


@pytest.mark.parametrize("form", ["list", "iterator", "async iterator"])
async def test_equal_texts_share_requests(client: AsyncClient, sandbox: Sandbox, form: str) -> None:
    messages = [Message(phone, f"wording {i % 3}") for i, phone in enumerate(numbers(90))]
    source = {"list": messages, "iterator": iter(messages), "async iterator": in_parts(messages, 30)}[form]
    report = await client.send_many(source)  # type: ignore[call-overload]  # one of three forms
    assert (report.accepted, report.requests, sandbox.requests) == (90, 3, 3)


@pytest.mark.parametrize("count", [1, 99, 5_000])
async def test_a_bad_key_stops_everything_within_the_requests_in_flight(
    make_client: MakeClient, sandbox: Sandbox, count: int
) -> None:
    client = make_client(api_key="cspro_revoked")
    phones = [*numbers(count), "not a number"]
    with pytest.raises(AuthenticationError) as raised:
        await client.send_many(iter(phones), "Hello")
    assert 1 <= sandbox.requests <= 8
    assert not sandbox.texts
    report = raised.value.report
    assert isinstance(report, SendReport)
    assert [o.index for o in report.outcomes] == list(range(count + 1))
    assert {o.code for o in report.outcomes[:-1]} == {"INVALID_API_KEY"}
    assert report.outcomes[-1].code == "INVALID_PHONE"
    assert report.unsent == count + 1
    assert len(raised.value.phones) == count
    assert (raised.value.code, raised.value.status_code) == ("INVALID_API_KEY", 401)


async def test_credits_that_run_out_stop_everything_and_the_report_says_who_got_a_text() -> None:
    gateway = Sandbox(keys={"cspro_poor": 250})
    async with gateway.serve() as url, AsyncClient(api_key="cspro_poor", url=url, quota=MemoryQuota()) as client:
        with pytest.raises(InsufficientCreditsError) as raised:
            await client.send_many(numbers(1_000), "Hello")
    report = raised.value.report
    assert report is not None
    got = {text.phone for text in gateway.texts}
    assert {o.phone for o in report.outcomes if o.status is Status.ACCEPTED} == got
    assert len(report.outcomes) == 1_000
    assert report.unknown == 0


async def test_a_batch_that_is_too_large_is_halved_once_and_the_size_remembered(make_client: MakeClient) -> None:
    gateway = Sandbox(keys={"cspro_key": 1_000}, max_numbers=30)
    async with gateway.serve() as url:
        client = make_client(api_key="cspro_key", url=url, max_concurrency=2)
        report = await client.send_many(numbers(400), "Hello")
        assert (report.accepted, len(gateway.texts)) == (400, 400)
        assert not gateway.duplicates()
        assert report.requests == gateway.requests <= 16 + 4  # sixteen of 25, and what it took to learn that


@pytest.mark.parametrize(
    "fault",
    [Fault.HTML_FATAL, Fault.EMPTY_BODY, Fault.JSON_CUT, Fault.STATUS_502, Fault.CLOSE_AFTER, Fault.CUT_IN_BODY],
)
async def test_texts_of_unknown_fate_are_reported_and_never_sent_again(
    client: AsyncClient, sandbox: Sandbox, fault: Fault
) -> None:
    sandbox.misbehave({2: fault})
    report = await client.send_many(numbers(350), "Hello")
    assert (report.unknown, report.accepted, sandbox.requests) in {(100, 250, 4), (50, 300, 4)}
    assert len(sandbox.texts) == 350
    assert not sandbox.duplicates()
    with pytest.raises(OutcomeUnknownError) as raised:
        report.raise_for_failures()
    assert len(raised.value.phones) == report.unknown


async def test_texts_that_the_quota_keeps_waiting_too_long_are_unsent(make_client: MakeClient) -> None:
    client = make_client(limits=Limit(2, 60), reserve=0)
    report = await client.send_many(numbers(350), "Hello", max_wait=50)
    assert (report.accepted, report.unsent) == (200, 150)
    assert {o.code for o in report.outcomes if o.status is Status.UNSENT} == {"QUOTA_EXCEEDED"}
    with pytest.raises(QuotaExceededError):
        await client.send("+12125551234", "Hello", max_wait=5)


async def test_urgent_texts_pass_a_bulk_send_that_fills_the_quota(make_client: MakeClient, sandbox: Sandbox) -> None:
    client = make_client(limits=Limit(20, 600))
    bulk = asyncio.create_task(client.send_many(numbers(5_000), "Bulk"))
    await until(lambda: len(sandbox.texts) == 1_900)
    await client.send("+12125551234", "Urgent", priority=Priority.URGENT, max_wait=0)
    assert [text.message for text in sandbox.texts].count("Urgent") == 1
    waiting = (await client.quota_status()).waiting
    assert waiting[Priority.BULK] > 0
    assert waiting[Priority.URGENT] == 0
    bulk.cancel()
    with pytest.raises(asyncio.CancelledError):
        await bulk


async def test_an_error_of_the_input_comes_before_anything_is_sent(client: AsyncClient, sandbox: Sandbox) -> None:
    def source() -> Iterator[str]:
        yield from numbers(2_500)
        raise KeyError("column")

    with pytest.raises(KeyError, match="column"):
        await client.send_many(source(), "Hello")
    assert sandbox.requests == 0


async def test_an_error_of_an_async_input_is_raised_and_what_was_sent_before_is_logged(
    client: AsyncClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    async def source() -> AsyncIterator[str]:
        for phone in numbers(250):
            yield phone
        raise KeyError("column")

    with pytest.raises(KeyError, match="column"):
        await client.send_many(source(), "Hello")
    assert len(sandbox.texts) == 250
    assert "nobody waited for 250 outcomes: 250 accepted" in caplog.text


@pytest.mark.parametrize(
    ("recipients", "message"),
    [("+12125551234", "Hello"), (7, "Hello"), (["+12125551234"], None), ([Message("+12125551234", "a")], "b")],
)
async def test_a_wrong_call_is_refused_before_anything_is_sent(
    client: AsyncClient, sandbox: Sandbox, recipients: Any, message: str | None
) -> None:
    with pytest.raises(ConfigurationError):
        await client.send_many(recipients, message)
    assert sandbox.requests == 0


async def test_a_cancelled_caller_leaves_and_what_was_sent_is_logged(
    client: AsyncClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "customersms_async")
    sandbox.misbehave(lambda _: (Fault.SLOW, 0.2))
    for sending in (client.send("+12125551234", "One"), client.send_many(numbers(2_000), "Many")):
        before = sandbox.requests
        task = asyncio.create_task(sending)
        await until(lambda: sandbox.requests > before)  # noqa: B023 - called before the loop goes on
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await client.aclose()
    logged = [record.getMessage() for record in caplog.records if "nobody waited for the text" in record.getMessage()]
    assert sum("accepted" in line for line in logged) == len(sandbox.texts)
    assert not sandbox.duplicates()
    assert not any("+12125551234" in line for line in logged), "phone numbers in logs are masked"


async def test_a_cancelled_close_gives_up_on_the_requests_in_flight(make_client: MakeClient, sandbox: Sandbox) -> None:
    sandbox.misbehave(lambda _: (Fault.SLOW, 30.0))
    client = make_client()
    sending = asyncio.create_task(client.send("+12125551234", "Hello"))
    await until(lambda: sandbox.requests == 1)
    closing = asyncio.create_task(client.aclose())
    await asyncio.sleep(0.02)
    assert not closing.done()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    with pytest.raises(OutcomeUnknownError, match="closed"):
        await sending
    await client.aclose()


async def test_one_input_of_the_wrong_kind_loses_nobody_elses_report(client: AsyncClient, sandbox: Sandbox) -> None:
    mixture: list[str | Message] = [*(Message(phone, "Hello") for phone in numbers(250)), "+13235554567"]
    report = await client.send_many(mixture)  # type: ignore[arg-type]  # the wrong kind
    assert (report.accepted, report.outcomes[-1].code) == (250, "INVALID_MESSAGE")
    other: list[str | Message] = ["+13235554567", Message("+13235554567", "Bye")]
    report = await client.send_many(other, "Hello")  # type: ignore[arg-type]  # the wrong kind
    assert [o.code for o in report.outcomes] == [None, "INVALID_MESSAGE"]
