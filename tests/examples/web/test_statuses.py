"""The four web services say the same: what each error is over HTTP, when to ask again, and who is texted how often."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import ConfigurationError
from customersms_async.sandbox import Fault, magic
from support.ports import free_port
from support.web_examples import FRAMEWORKS, SECRET, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from customersms_async.sandbox import Sandbox

PHONE, OTHER = "+12125551234", "+13235554567"
KEY, SECOND_KEY = "0123-4567", "89ab-cdef"


@pytest.fixture(params=FRAMEWORKS)
async def asking(
    request: pytest.FixtureRequest, customersms_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    async with served(request.param, tmp_path, monkeypatch) as asking:
        yield asking


async def post(asking: httpx.AsyncClient, phone: str = PHONE, key: str = KEY) -> httpx.Response:
    return await asking.post("/codes", json={"phone": phone}, headers={"Idempotency-Key": key})


def is_answered(answer: httpx.Response, status: int, retry_after: str | None = None) -> None:
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, retry_after), answer.text
    assert set(answer.json()) == {"detail"}


async def test_a_code_is_texted(asking: httpx.AsyncClient, customersms_sandbox: Sandbox) -> None:
    is_answered(await post(asking), 202)
    (text,) = customersms_sandbox.texts
    assert text.phone == PHONE
    assert re.fullmatch(r"Your code is \d{6}", text.message)


async def test_the_same_request_again_is_answered_alike_and_texts_nobody(
    asking: httpx.AsyncClient, customersms_sandbox: Sandbox
) -> None:
    answers = [await post(asking) for _ in range(2)]
    is_answered(answers[1], 202)
    assert answers[0].content == answers[1].content
    assert len(customersms_sandbox.texts) == 1


async def test_another_request_has_another_code(asking: httpx.AsyncClient, customersms_sandbox: Sandbox) -> None:
    await post(asking)
    await post(asking, OTHER, SECOND_KEY)
    assert len({text.message for text in customersms_sandbox.texts}) == 2


async def test_a_text_that_may_have_been_sent_is_no_error_and_is_not_sent_again(
    asking: httpx.AsyncClient, customersms_sandbox: Sandbox
) -> None:
    cut = magic.number(Fault.JSON_CUT)
    for _ in range(2):
        answer = await post(asking, cut)
        is_answered(answer, 202)
        assert "may be on its way" in answer.json()["detail"]
    assert [text.phone for text in customersms_sandbox.texts] == [cut]


async def test_what_is_no_number_is_refused(asking: httpx.AsyncClient, customersms_sandbox: Sandbox) -> None:
    is_answered(await post(asking, "555-1234"), 422)
    assert customersms_sandbox.requests == 0


async def test_a_number_that_the_gateway_refuses_is_refused(asking: httpx.AsyncClient) -> None:
    is_answered(await post(asking, magic.number(Fault.ROW_REJECTED)), 422)


async def test_a_key_of_another_number_is_refused(asking: httpx.AsyncClient, customersms_sandbox: Sandbox) -> None:
    await post(asking)
    is_answered(await post(asking, OTHER), 422)
    assert len(customersms_sandbox.texts) == 1


async def test_a_number_that_had_its_code_has_to_wait(asking: httpx.AsyncClient) -> None:
    await post(asking)
    answer = await post(asking, key=SECOND_KEY)
    is_answered(answer, 429, answer.headers.get("Retry-After"))
    assert 20 < int(answer.headers["Retry-After"]) <= 31, "the cap, and what two clocks may differ by"


async def test_a_gateway_that_asks_for_a_pause_is_passed_on_and_so_is_who_waits_for_it(
    asking: httpx.AsyncClient, customersms_sandbox: Sandbox
) -> None:
    customersms_sandbox.misbehave([(Fault.STATUS_429, 40)])
    is_answered(await post(asking), 503, "40")
    answer = await post(asking, OTHER, SECOND_KEY)
    is_answered(answer, 503, answer.headers.get("Retry-After"))
    assert 5 < int(answer.headers["Retry-After"]) <= 40
    assert customersms_sandbox.requests == 1


async def test_a_gateway_that_is_away_may_be_asked_again(
    asking: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, customersms_sandbox: Sandbox
) -> None:
    monkeypatch.setenv("CUSTOMERSMS_URL", f"http://127.0.0.1:{free_port()}/sms_system/api.php")
    is_answered(await post(asking), 503, "5")
    monkeypatch.setenv("CUSTOMERSMS_URL", customersms_sandbox.url)
    is_answered(await post(asking), 202)
    assert len(customersms_sandbox.texts) == 1


@pytest.mark.parametrize("fault", [Fault.STATUS_401, Fault.STATUS_402])
async def test_what_a_person_must_mend_is_logged_without_a_number(
    asking: httpx.AsyncClient, customersms_sandbox: Sandbox, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    customersms_sandbox.misbehave([fault])
    is_answered(await post(asking), 503, "60")
    assert re.search(r"no codes can be sent: (Authentication|InsufficientCredits)Error", caplog.text)
    for secret in (PHONE, customersms_sandbox.api_key, SECRET):
        assert secret not in caplog.text


async def test_without_its_quota_it_is_alive_and_not_ready_and_sends_nothing(
    asking: httpx.AsyncClient, customersms_sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "quota.sqlite").write_text("none of ours " * 100, encoding="utf-8")
    told = [(await asking.get(path)) for path in ("/healthz", "/readyz")]
    assert [(each.status_code, each.json()["ok"]) for each in told] == [(200, True), (503, False)]
    is_answered(await post(asking), 503, "60")
    assert customersms_sandbox.requests == 0


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_without_an_api_key_it_does_not_start(
    framework: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CUSTOMERSMS_API_KEY", "CUSTOMERSMS_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    no_key = pytest.RaisesExc(ConfigurationError, match="no API key")
    with pytest.RaisesGroup(no_key, allow_unwrapped=True):  # Litestar's comes in a group
        async with served(framework, tmp_path, monkeypatch):
            pytest.fail("it has started")


async def test_it_is_alive_and_ready(asking: httpx.AsyncClient) -> None:
    told = [(await asking.get(path)) for path in ("/healthz", "/readyz")]
    assert [(each.status_code, each.json()["ok"]) for each in told] == [(200, True), (200, True)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"json": {"phone": PHONE}},
        {"json": {"phone": PHONE}, "headers": {"Idempotency-Key": "short"}},
        {"json": {"phone": 12125551234}, "headers": {"Idempotency-Key": KEY}},
        {"json": {}, "headers": {"Idempotency-Key": KEY}},
        {"content": b"\xff{", "headers": {"Idempotency-Key": KEY, "Content-Type": "application/json"}},
    ],
    ids=["no key", "a short key", "a number", "no phone", "no JSON"],
)
async def test_a_wrong_request_is_told_so(
    asking: httpx.AsyncClient, wrong: dict[str, Any], customersms_sandbox: Sandbox
) -> None:
    assert (await asking.post("/codes", **wrong)).status_code in (400, 422)
    assert customersms_sandbox.requests == 0
