"""The client's single sends, its options and its life; one answer is enough here, so respx gives it."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import pickle
import traceback
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest
import respx

from customersms_async import (
    AsyncClient,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    CustomerSMSError,
    InsufficientCreditsError,
    InvalidRecipientError,
    Limit,
    MemoryQuota,
    OutcomeUnknownError,
    Priority,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
    Status,
)
from customersms_async._core.options import Options
from support import virtual_loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URL = "https://gateway.test/sms_system/api.php"
KEY = "cspro_a_key_that_must_never_show"
PHONE = "+12125551234"

LIMITED: dict[str, Any] = {"success": False, "error": "slow down", "code": "RATE_LIMITED"}


def ok(phone: str = PHONE, **more: Any) -> dict[str, Any]:
    return {"success": True, "results": [{"phone": phone, "success": True, "message_id": "msg_1"}], **more}


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    async with AsyncClient(api_key=KEY, url=URL, quota=MemoryQuota(), max_retries=0) as client:
        yield client


def test_the_defaults_of_the_constructor_are_those_of_the_options() -> None:
    constructor = inspect.signature(AsyncClient).parameters
    others = {name: parameter.default for name, parameter in constructor.items() if parameter.default is not None}
    options = msgspec.structs.asdict(Options(URL))
    assert others == {name: options[name] for name in others}


@respx.mock
async def test_an_accepted_text_is_returned(client: AsyncClient) -> None:
    route = respx.post(URL).respond(json=ok(remaining_credits="97.50"))
    outcome = await client.send(" +1 (212) 555-1234 ", "Hello")
    assert (outcome.index, outcome.phone, outcome.status, outcome.message_id) == (0, PHONE, Status.ACCEPTED, "msg_1")
    request = route.calls.last.request
    assert json.loads(request.content) == {"api_key": KEY, "phone": [PHONE], "message": "Hello"}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("customersms-async/")
    assert client.remaining_credits == Decimal("97.50")


@pytest.mark.parametrize(
    ("answer", "error", "code", "status_code"),
    [
        ({"status_code": 401}, AuthenticationError, "INVALID_API_KEY", 401),
        (
            {"json": {"success": False, "error": "no", "code": "INVALID_API_KEY"}},
            AuthenticationError,
            "INVALID_API_KEY",
            200,
        ),
        ({"status_code": 402}, InsufficientCreditsError, "INSUFFICIENT_CREDITS", 402),
        ({"status_code": 429, "headers": {"Retry-After": "7"}}, RateLimitedError, "RATE_LIMITED", 429),
        ({"status_code": 400, "json": {"success": False, "code": "BAD"}}, RejectedError, "BAD", 400),
        ({"json": {"results": [{"phone": PHONE, "success": False, "code": "NO"}]}}, RejectedError, "NO", 200),
        ({"status_code": 413}, RejectedError, "HTTP_413", 413),
        ({"status_code": 301, "headers": {"Location": "https://elsewhere.test/"}}, RejectedError, "HTTP_301", 301),
        ({"status_code": 303}, OutcomeUnknownError, "HTTP_303", 303),
        ({"status_code": 502}, OutcomeUnknownError, "HTTP_502", 502),
        ({"html": "<b>Fatal error</b>"}, OutcomeUnknownError, "UNREADABLE_ANSWER", 200),
    ],
)
@respx.mock
async def test_whatever_is_not_accepted_is_raised(
    client: AsyncClient, answer: dict[str, Any], error: type[CustomerSMSError], code: str, status_code: int
) -> None:
    route = respx.post(URL).respond(**answer)
    with pytest.raises(error) as raised:
        await client.send(PHONE, "Hello")
    assert type(raised.value) is error
    assert isinstance(raised.value, RejectedError | OutcomeUnknownError)
    assert (raised.value.code, raised.value.status_code) == (code, status_code)
    assert raised.value.phones == (PHONE,)
    assert raised.value.report is None
    assert route.call_count == 1
    if isinstance(raised.value, RateLimitedError):
        assert raised.value.retry_after == 7.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "999999999"}, 3_600),
    ],
)
@pytest.mark.parametrize("answer", [{"status_code": 429}, {"status_code": 425}, {"json": LIMITED}], ids=str)
@respx.mock
async def test_who_is_told_to_wait_is_told_how_long_the_key_really_pauses(
    answer: dict[str, Any], headers: dict[str, str], seconds: float
) -> None:
    respx.post(URL).respond(**answer, headers=headers)
    options: dict[str, Any] = {"quota": MemoryQuota(clock=lambda: 10**12), "limits": [Limit(9, 60), Limit(99, 3_600)]}
    async with AsyncClient(api_key=KEY, url=URL, max_retries=0, **options) as client:
        with pytest.raises(RateLimitedError) as raised:
            await client.send(PHONE, "Hello")
        assert raised.value.retry_after == pytest.approx(seconds, rel=0.001)
        assert raised.value.retry_after == (await client.quota_status()).paused_seconds
        if seconds:
            with pytest.raises(QuotaExceededError) as refused:
                await client.send(PHONE, "Hello", max_wait=seconds / 2)
            assert refused.value.retry_after == raised.value.retry_after


@pytest.mark.parametrize("message", ["", "half a \ud83d pair", None, b"bytes"])
async def test_a_message_that_can_not_be_sent_is_a_wrong_call(client: AsyncClient, message: Any) -> None:
    with pytest.raises(ConfigurationError, match="message"):
        await client.send(PHONE, message)


async def test_a_number_that_can_not_be_dialled_is_refused_with_the_reason(client: AsyncClient) -> None:
    with pytest.raises(InvalidRecipientError) as raised:
        await client.send("12125551234", "Hello")
    assert raised.value.phone == "12125551234"
    assert "+" in raised.value.reason


@respx.mock
async def test_connecting_is_tried_again_and_nothing_else_is() -> None:
    route = respx.post(URL)
    route.side_effect = [httpx.ConnectError("refused"), httpx.Response(200, json=ok())]
    async with AsyncClient(api_key=KEY, url=URL, quota=MemoryQuota()) as client:
        assert (await client.send(PHONE, "Hello")).status is Status.ACCEPTED
        for failure in (httpx.ReadError("reset"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("closed")):
            route.side_effect = failure
            before = route.call_count
            with pytest.raises(OutcomeUnknownError):
                await client.send(PHONE, "Hello")
            assert route.call_count == before + 1


@respx.mock
async def test_after_the_last_try_to_connect_nothing_is_sent_and_no_token_is_used(client: AsyncClient) -> None:
    respx.post(URL).mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(ConnectionFailedError) as raised:
        await client.send(PHONE, "Hello")
    assert raised.value.code == "CONNECTION_FAILED"
    assert (await client.quota_status()).limits[0].used == 0


@respx.mock
async def test_a_request_of_unknown_fate_keeps_its_tokens(client: AsyncClient) -> None:
    respx.post(URL).mock(side_effect=httpx.ReadTimeout("slow"))
    with pytest.raises(OutcomeUnknownError):
        await client.send(PHONE, "Hello")
    assert [limit.used for limit in (await client.quota_status()).limits] == [1, 1, 1]


@respx.mock
async def test_max_wait_fails_at_once_when_the_quota_demands_more() -> None:
    respx.post(URL).respond(json=ok())
    still = MemoryQuota(clock=lambda: 10**12)
    async with AsyncClient(api_key=KEY, url=URL, quota=still, limits=Limit(1, 60), max_wait=5) as client:
        await client.send(PHONE, "Hello")
        with pytest.raises(QuotaExceededError) as raised:
            await client.send(PHONE, "Hello")
        assert 59 < raised.value.retry_after <= 60.1
        with pytest.raises(QuotaExceededError):
            await client.send(PHONE, "Hello", max_wait=59, priority=Priority.URGENT)


def virtually(*answers: httpx.Response) -> httpx.AsyncClient:
    """An engine for virtual time, with these answers and then the documented one again and again."""
    coming = iter(answers)
    return httpx.AsyncClient(transport=httpx.MockTransport(lambda _: next(coming, httpx.Response(200, json=ok()))))


def test_max_wait_counts_the_pace_and_those_ahead() -> None:
    async def main() -> None:
        loop = virtual_loop.loop()
        options: dict[str, Any] = {"quota": loop.quota(), "pace": Limit(10, 1), "max_wait": 0.3}
        async with virtually() as http, AsyncClient(api_key=KEY, url=URL, http_client=http, **options) as client:
            began = loop.time()
            sending = [asyncio.ensure_future(client.send(PHONE, f"Text {i}")) for i in range(60)]
            await asyncio.sleep(0.1)
            refused = [task.exception() for task in sending if task.done() and task.exception()]
            assert len(refused) > 40, "all who can't be let in in time fail at once"
            assert all(isinstance(error, QuotaExceededError) and error.retry_after > 0.25 for error in refused)
            await asyncio.wait(sending)
            assert loop.time() - began < 2
            assert sum(not task.exception() for task in sending) >= 11

    virtual_loop.run(main())


def test_a_429_is_waited_out_and_pauses_the_key_for_all() -> None:
    async def main() -> None:
        answers = httpx.Response(429, headers={"Retry-After": "0.05"}), httpx.Response(200, json=ok())
        options: dict[str, Any] = {"quota": virtual_loop.loop().quota(), "max_retries": 0}
        async with (
            virtually(*answers, httpx.Response(429)) as http,
            AsyncClient(api_key=KEY, url=URL, http_client=http, **options) as client,
        ):
            patient = client.with_options(max_retries=1)
            assert (await patient.send(PHONE, "Hello")).status is Status.ACCEPTED
            with pytest.raises(RateLimitedError):
                await client.send(PHONE, "Hello", max_wait=1)
            assert 59 < (await client.quota_status()).paused_seconds <= 60.1

    virtual_loop.run(main())


@respx.mock
async def test_the_key_is_in_no_error_no_repr_no_log_and_no_pickle(
    client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Promise 3.

    *The API key appears in the request body and nowhere else: in no log, repr, exception, traceback, pickle or file.*
    """
    caplog.set_level(0)
    for logger in ("httpx", "httpcore", "customersms_async", "asyncio"):
        caplog.set_level(0, logger)
    quoting = {"success": False, "error": f"the key {KEY} is locked", "code": f"LOCKED_{KEY}"}
    respx.post(URL).mock(side_effect=[httpx.ReadError("reset"), httpx.Response(200, json=quoting)])
    for _ in range(2):
        with pytest.raises(CustomerSMSError) as raised:
            await client.send(PHONE, "Hello")
        error = raised.value
        assert error.__cause__ is None
        assert error.__context__ is None
        shown = [str(error), repr(vars(error)), repr(pickle.dumps(error))]
        assert error.__traceback__ is not None
        ours = error.__traceback__.tb_next  # without this test's own frame, whose locals do hold it
        shown += traceback.TracebackException(type(error), error, ours, capture_locals=True).format()
        shown += [repr(client), str(vars(client)), caplog.text]
        assert not any(KEY in text for text in shown)
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="key"):
            copying(client)


async def test_the_key_comes_from_the_environment_and_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUSTOMERSMS_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="CUSTOMERSMS_API_KEY"):
        async with AsyncClient():
            raise AssertionError("not reached")
    monkeypatch.setenv("CUSTOMERSMS_API_KEY", KEY)
    monkeypatch.setenv("CUSTOMERSMS_URL", URL)
    with respx.mock:
        respx.post(URL).respond(json=ok())
        async with AsyncClient() as client:
            await client.send(PHONE, "Hello")


def test_a_client_is_built_outside_a_loop_and_used_in_one_only() -> None:
    client = AsyncClient(api_key=KEY, url=URL, quota=MemoryQuota())
    with respx.mock:
        respx.post(URL).respond(json=ok())
        asyncio.run(_send(client))
        with pytest.raises(ConfigurationError, match="another event loop"):
            asyncio.run(_send(client))
        with pytest.raises(ConfigurationError, match="another event loop"):
            asyncio.run(_send(client.with_options(batch_size=7)))


async def _send(client: AsyncClient) -> None:
    await client.send(PHONE, "Hello")


async def test_a_closed_client_says_so_and_may_be_closed_again() -> None:
    client = AsyncClient(api_key=KEY, url=URL)
    derived = client.with_options(max_wait=1)
    await client.aclose()
    await client.aclose()
    for closed in (client, derived):
        with pytest.raises(ConfigurationError, match="closed"):
            await closed.send(PHONE, "Hello")
    with pytest.raises(ConfigurationError, match="closed"):
        async with client:
            raise AssertionError("not reached")


@respx.mock
async def test_a_callers_http_client_is_used_and_left_open() -> None:
    respx.post(URL).respond(json=ok())
    used: list[httpx.Request] = []

    async def note(request: httpx.Request) -> None:
        used.append(request)

    async with httpx.AsyncClient(event_hooks={"request": [note]}, follow_redirects=True) as http_client:
        async with AsyncClient(api_key=KEY, url=URL, quota=MemoryQuota(), http_client=http_client) as client:
            await client.send(PHONE, "Hello")
        assert len(used) == 1
        assert not http_client.is_closed


async def test_an_estimate_counts_without_sending(client: AsyncClient) -> None:
    estimate = await client.estimate([PHONE, PHONE, "bad", *(f"+1212555{i:04}" for i in range(250))], "x" * 200)
    assert (estimate.recipients, estimate.duplicates, estimate.invalid) == (251, 1, 1)
    assert (estimate.requests, estimate.segments, estimate.seconds) == (3, 502, 0.0)
    many = await client.estimate((f"+1212{i:07}" for i in range(20_000)), "x")
    assert many.requests == 200
    assert many.seconds == pytest.approx(120, abs=0.1)  # BULK leaves 5 of 100: 95 now, 95 after a minute, 10 after two


@pytest.mark.parametrize(
    "options", [{"api_key": KEY + " "}, {"batch_size": 0}, {"url": ""}, {"quota": 3}, {"http_client": 3}]
)
def test_a_client_that_can_not_be_made_shows_no_key_either(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        AsyncClient(**({"api_key": KEY} | options))
    assert raised.value.__traceback__ is not None
    ours = raised.value.__traceback__.tb_next
    shown = "".join(traceback.TracebackException(ConfigurationError, raised.value, ours, capture_locals=True).format())
    assert "AsyncClient" in shown
    assert KEY not in shown


async def test_a_closed_http_client_of_the_callers_is_a_wrong_call() -> None:
    http_client = httpx.AsyncClient()
    await http_client.aclose()
    with pytest.raises(ConfigurationError, match="closed"):
        await AsyncClient(api_key=KEY, http_client=http_client).send(PHONE, "Hello")


async def test_a_priority_that_is_none_is_refused_with_those_that_there_are(client: AsyncClient) -> None:
    with pytest.raises(
        ConfigurationError, match=r"no such priority: 'urgent'; give Priority.URGENT, Priority.NORMAL or"
    ):
        await client.send(PHONE, "Hello", priority="urgent")  # type: ignore[arg-type]
