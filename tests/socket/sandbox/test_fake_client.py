"""The client for unit tests does all that the real one does, fault by fault, and opens no socket for it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, NamedTuple

import pytest

from customersms_async import (
    AsyncClient,
    AuthenticationError,
    CustomerSMSError,
    InsufficientCreditsError,
    InvalidRecipientError,
    Limit,
    MemoryQuota,
    OutcomeUnknownError,
    Priority,
    QuotaExceededError,
    RejectedError,
)
from customersms_async.sandbox import Fault, Sandbox, magic
from customersms_async.testing import FakeClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from decimal import Decimal

A, B = "+12125551234", "+13235554567"
SECONDS = {Fault.SLOW: 0.01, Fault.IDLE_CLOSED: 0.01}


class Seen(NamedTuple):
    """What a test can see of a client and its sandbox."""

    outcomes: list[tuple[str, str, str | None]]
    error: type[Exception] | None
    credits_left: Decimal | None
    texts: list[tuple[str, str]]
    requests: int
    refused: int
    credits: Decimal


async def send_to_two(client: AsyncClient, fault: Fault) -> object:
    return await client.send_many([A, B], "Hello")


async def send_to_one_whose_number_asks_for_it(client: AsyncClient, fault: Fault) -> object:
    return await client.send(magic.number(fault), "Hello")


async def seen(client: AsyncClient, sandbox: Sandbox, send: Awaitable[object]) -> Seen:
    error, report = None, None
    try:
        report = await send
    except CustomerSMSError as raised:
        error, report = type(raised), getattr(raised, "report", None)
    outcomes = [(o.phone, o.status.value, o.code) for o in getattr(report, "outcomes", ())]
    texts = [(text.phone, text.message) for text in sandbox.texts]
    left = client.remaining_credits
    return Seen(outcomes, error, left, texts, sandbox.requests, sandbox.refused, sandbox.credits())


@pytest.mark.parametrize("send", [send_to_two, send_to_one_whose_number_asks_for_it])
@pytest.mark.parametrize("fault", Fault)
async def test_it_ends_as_the_real_one_does(
    fault: Fault, send: Callable[[AsyncClient, Fault], Awaitable[object]]
) -> None:
    once = {1: (fault, SECONDS[fault]) if fault in SECONDS else fault} if send is send_to_two else {}
    real, faked = (Sandbox(limits=(), faults=once) for _ in range(2))
    async with (
        real.serve() as url,
        AsyncClient(api_key=real.api_key, url=url, quota=MemoryQuota(), max_retries=0, pace=None, timeout=5) as client,
    ):
        expected = await seen(client, real, send(client, fault))
    async with FakeClient(faked, max_retries=0, timeout=5) as fake:
        assert await seen(fake, faked, send(fake, fault)) == expected
    assert expected.requests or expected.error or expected.outcomes


async def test_no_socket_is_opened_and_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeClient() as client:
        monkeypatch.setattr(socket, "socket", None)
        for number in range(200):
            await client.send(A, f"text {number}", priority=Priority.BULK, max_wait=0)
        report = await client.send_many([A, B], "Hello")
        assert [outcome.message_id async for outcome in client.stream([A, B], "Bye")] == ["msg_000203", "msg_000204"]
        assert report.accepted == 2
        assert (await client.health()).ok
    assert [text.message for text in client.sandbox.texts[-4:]] == ["Hello", "Hello", "Bye", "Bye"]


async def test_each_sandbox_has_an_account_of_its_own() -> None:
    async with FakeClient() as first, FakeClient() as second, FakeClient(first.sandbox) as third:
        await first.send(A, "Hello")
        await third.send(B, "Hello")
        assert first.remaining_credits == 999_998
        assert second.remaining_credits is None
        with pytest.raises(OutcomeUnknownError):
            await second.send(magic.number(Fault.JSON_CUT), "Hello")
        assert [(await client.health()).unknown_last_hour for client in (first, second, third)] == [0, 1, 0]


async def test_what_it_is_asked_for_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeClient(Sandbox({"cspro_poor": 1}), limits=Limit(2, 3_600), label="shop") as client:
        assert (await client.send(A, "Hello")).message_id == "msg_000001"
        with pytest.raises(InsufficientCreditsError):
            await client.send(B, "Hello")
        with pytest.raises(QuotaExceededError):
            await client.send(B, "Hello", max_wait=0)
        assert "shop" in repr(client)
        with pytest.raises(AuthenticationError):
            await client.with_options(api_key="cspro_of_nobody").send(B, "Hello")
    async with FakeClient() as client:
        with pytest.raises(InvalidRecipientError):
            await client.send("12", "Hello")
        with pytest.raises(RejectedError):
            await client.send(magic.number(Fault.ROW_REJECTED), "Hello")
        with pytest.raises(OutcomeUnknownError):
            await client.send(magic.number(Fault.JSON_CUT), "Hello")
    with pytest.raises(TypeError, match="url"):
        FakeClient(url="https://elsewhere.example")


def takes_a_client(client: AsyncClient) -> AsyncClient:
    return client


async def test_what_takes_a_client_takes_it() -> None:
    assert isinstance(takes_a_client(FakeClient()), AsyncClient)
