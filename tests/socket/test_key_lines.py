"""The log, errors and reprs name the key by its label, and DEBUG tells of each wait, pause and retry."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import (
    AsyncClient,
    AuthenticationError,
    Campaign,
    ConfigurationError,
    ConnectionFailedError,
    CustomerSMSError,
    InsufficientCreditsError,
    Limit,
    MemoryQuota,
    Message,
    OutcomeUnknownError,
    QuotaExceededError,
    RateLimitedError,
    SendError,
    Status,
)
from customersms_async._core import backoff
from customersms_async._core.secret import Secret
from customersms_async.sandbox import Fault, Sandbox, magic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "cspro_a_key_that_must_never_show"
NAME = Secret(KEY).key_id[:8]
PHONE = "+12125551234"


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """The fields of a record that are the package's own."""
    return {name[4:]: value for name, value in vars(record).items() if name.startswith("sms_")}


def events(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    assert KEY not in caplog.text
    return [fields(record) for record in caplog.records if fields(record).get("event") == event]


@pytest.fixture
def debug(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, "customersms_async")
    return caplog


@pytest.mark.parametrize(
    ("options", "reason", "words"),
    [
        ({"limits": Limit(1, 0.3)}, "quota", "for the quota"),
        ({"pace": Limit(1, 0.3)}, "pace", "for the pace"),
        ({"max_concurrency": 1}, "connection", "for a connection"),
    ],
)
async def test_each_wait_is_one_line_that_says_what_for_and_how_long(
    make_client: Callable[..., AsyncClient],
    debug: pytest.LogCaptureFixture,
    options: dict[str, Any],
    reason: str,
    words: str,
) -> None:
    client = make_client(label="tenant-42", **options)
    await asyncio.gather(*(client.send(f"+1212555000{number}", "Hello") for number in range(2)))
    (told,) = events(debug, "wait")
    assert 0 < told.pop("seconds") < 60
    assert told == {"event": "wait", "key": "tenant-42", "reason": reason, "priority": "NORMAL", "admitted": True}
    (line,) = [line for line in debug.messages if " waited " in line]
    assert line.endswith(f"{words} (key tenant-42)")


async def test_a_wait_that_is_left_says_so(
    make_client: Callable[..., AsyncClient], debug: pytest.LogCaptureFixture
) -> None:
    client = make_client(limits=Limit(1, 3_600))
    await client.send(PHONE, "Hello")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.send(PHONE, "Hello"), 0.01)
    (told,) = events(debug, "wait")
    assert (told["key"], told["admitted"]) == (NAME, False)
    assert "for the quota, and left its line" in debug.text


async def test_a_pause_and_the_retry_after_it_are_told(
    make_client: Callable[..., AsyncClient], sandbox: Sandbox, debug: pytest.LogCaptureFixture
) -> None:
    sandbox.misbehave([(Fault.STATUS_429, 1.0)])
    client = make_client(limits=Limit(10, 0.3))
    await client.send(PHONE, "Hello")
    assert events(debug, "pause") == [{"event": "pause", "key": NAME, "seconds": pytest.approx(0.3, abs=0.001)}]
    assert events(debug, "retry") == [
        {"event": "retry", "key": NAME, "attempt": 1, "seconds": 0.0, "code": "RATE_LIMITED"}
    ]
    line = f"attempt 1 failed, and the next comes when it is let in again: HTTP status 429 (key {NAME})"
    assert line in debug.messages
    assert len(events(debug, "wait")) == 1


async def test_a_retry_after_a_failed_connection_is_told(
    make_client: Callable[..., AsyncClient], debug: pytest.LogCaptureFixture
) -> None:
    client = make_client(url="http://127.0.0.1:1/", max_retries=1, label="tenant-42")
    with pytest.raises(ConnectionFailedError, match=r"\(key tenant-42\)"):
        await client.send(PHONE, "Hello")
    (told,) = events(debug, "retry")
    assert (told["key"], told["attempt"], told["code"]) == ("tenant-42", 1, "CONNECTION_FAILED")
    assert 0 < told["seconds"] < 1


async def test_nothing_is_told_where_debug_is_off(
    make_client: Callable[..., AsyncClient], sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "customersms_async")
    sandbox.misbehave([(Fault.STATUS_429, 1.0)])
    await make_client(limits=Limit(10, 0.3)).send(PHONE, "Hello")
    assert caplog.messages == []


async def test_a_warning_names_the_key_and_has_fields(
    make_client: Callable[..., AsyncClient], caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(label="tenant-42")
    with pytest.raises(OutcomeUnknownError) as raised:
        await client.send(magic.number(Fault.STATUS_502), "Hello")
    assert str(raised.value).endswith("(key tenant-42)")
    assert events(caplog, "unknown") == [{"event": "unknown", "key": "tenant-42", "texts": 1, "status_code": 502}]
    assert caplog.messages[0].endswith("(key tenant-42)")
    assert caplog.records[0].filename == "outcome_log.py"


@pytest.mark.parametrize(
    ("phone", "kind"),
    [
        (magic.number(Fault.STATUS_401), AuthenticationError),
        (magic.number(Fault.STATUS_402), InsufficientCreditsError),
        (magic.number(Fault.STATUS_429), RateLimitedError),
        (magic.number(Fault.ROW_REJECTED), SendError),
    ],
)
async def test_errors_name_the_key_by_its_label_or_its_fingerprint(
    make_client: Callable[..., AsyncClient], phone: str, kind: type[SendError]
) -> None:
    client = make_client(max_retries=0, label="tenant-42")
    for each, name in ((client, "tenant-42"), (client.with_options(label=None), NAME)):
        with pytest.raises(kind) as raised:
            await each.send(phone, "Hello")
        assert str(raised.value).endswith(f"(key {name})")
        assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)  # noqa: S301


async def test_an_error_of_the_quota_names_the_key(make_client: Callable[..., AsyncClient]) -> None:
    client = make_client(limits=Limit(1, 3_600), label="tenant-42")
    await client.send(PHONE, "Hello")
    with pytest.raises(QuotaExceededError, match=r"\(key tenant-42\)$"):
        await client.send(PHONE, "Hello", max_wait=0)


async def test_a_send_to_many_that_ends_early_names_the_key(
    make_client: Callable[..., AsyncClient], sandbox: Sandbox
) -> None:
    client = make_client(label="tenant-42")
    with pytest.raises(AuthenticationError, match=r"\(key tenant-42\)$"):
        await client.send_many([magic.number(Fault.STATUS_401)], "Hello")
    with pytest.raises(AuthenticationError, match=r"\(key tenant-42\)$"):
        [outcome async for outcome in client.stream([magic.number(Fault.STATUS_401)], "Hello")]
    sandbox.misbehave([Fault.STATUS_502] * 9)
    with pytest.raises(SendError, match=r"stop_after_unknown.*\(key tenant-42\)$"):
        phones = [f"+1212555{number:04}" for number in range(90)]
        [outcome async for outcome in client.stream(phones, "Hello", batch_size=1)]


async def test_a_campaign_that_ends_early_names_the_key(
    make_client: Callable[..., AsyncClient], tmp_path: Path
) -> None:
    client = make_client(label="tenant-42")
    async with Campaign.open(tmp_path / "spring.ledger") as campaign:
        await campaign.add([Message(magic.number(Fault.STATUS_401), "Hello")])
        with pytest.raises(CustomerSMSError, match=r"\(key tenant-42\)$"):
            [outcome async for outcome in campaign.run(client)]


async def test_a_repr_names_the_key_by_its_label_or_its_fingerprint(
    make_client: Callable[..., AsyncClient], sandbox: Sandbox
) -> None:
    client = make_client(label="tenant-42")
    assert repr(client) == f"<AsyncClient {sandbox.url}, key tenant-42>"
    assert repr(client.with_options(label=None)) == f"<AsyncClient {sandbox.url}, key {NAME}>"
    assert repr(client.with_options(timeout=9)) == f"<AsyncClient {sandbox.url}, key tenant-42>"
    asked = make_client(api_key=lambda: KEY)
    assert repr(asked) == f"<AsyncClient {sandbox.url}>"
    await asked.send(PHONE, "Hello")
    assert repr(asked) == f"<AsyncClient {sandbox.url}, key {NAME}>"


def test_the_label_of_a_key_is_not_that_of_another(make_client: Callable[..., AsyncClient]) -> None:
    client = make_client(label="tenant-42")
    other = client.with_options(api_key="cspro_another")
    assert f"key {Secret('cspro_another').key_id[:8]}" in repr(other)
    assert "key tenant-42" in repr(client.with_options(api_key=KEY))
    assert "key tenant-7" in repr(client.with_options(api_key="cspro_another", label="tenant-7"))


def test_a_label_never_shows_the_key() -> None:
    with pytest.raises(ConfigurationError) as raised:
        AsyncClient(api_key=KEY, label=f"tenant {KEY}")
    assert KEY not in str(raised.value)
    odd = "a-key-of-another-kind"
    assert odd not in repr(AsyncClient(api_key=odd, label=f"tenant {odd}"))


@pytest.mark.parametrize("label", ["", " ", "x" * 65, "a\nb", "\x1b[31m", 42, b"tenant"])
def test_a_label_that_would_spoil_a_line_is_refused(label: Any) -> None:
    with pytest.raises(ConfigurationError, match="label"):
        AsyncClient(api_key=KEY, label=label)


async def test_a_campaign_whose_gateway_is_gone_for_a_minute_says_so_once_and_when_it_goes_again(
    monkeypatch: pytest.MonkeyPatch, debug: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr(backoff, "TOLD_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(backoff, "FIRST_PAUSE_SECONDS", 0.01)
    sandbox = Sandbox({KEY: 9})
    options: dict[str, Any] = {"batch_size": 1, "max_concurrency": 1, "max_retries": 0, "pace": None}
    async with contextlib.AsyncExitStack() as first, contextlib.AsyncExitStack() as second:
        url = await first.enter_async_context(sandbox.serve())
        client = AsyncClient(api_key=KEY, url=url, quota=MemoryQuota(), label="tenant-42", **options)
        campaign = await second.enter_async_context(Campaign.open(tmp_path / "spring.ledger"))
        await second.enter_async_context(client)
        await campaign.add([Message(f"+1212555{number:04}", "Hello") for number in range(3)])
        run = campaign.run(client)
        await anext(run)
        await first.aclose()
        going_on = asyncio.create_task(anext(run))
        while not events(debug, "stalled"):  # noqa: ASYNC110 - the log tells nobody
            await asyncio.sleep(0.001)
        await second.enter_async_context(sandbox.serve(port=int(url.split(":")[2].split("/")[0])))
        await going_on
        assert [outcome.status async for outcome in run] == [Status.ACCEPTED]
    (told,) = events(debug, "stalled")
    assert (told["reason"], told["code"], told["key"]) == ("gateway", "CONNECTION_FAILED", "tenant-42")
    assert len(events(debug, "going_again")) == 1
    assert {one["reason"] for one in events(debug, "wait")} == {"gateway"}
