from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async.models import Limit
from customersms_async.sandbox import Fault, key_id
from customersms_async.sandbox.options import GatewayOptions
from customersms_async.sandbox.rules import answer
from customersms_async.sandbox.state import GatewayState
from support.sandbox_requests import JSON, KEY, NOW, PATH, ask, body, document, numbers, state


def test_an_answer_has_the_documented_form() -> None:
    at = state(100)
    given = ask(at, "+12125551234", "+13235554567")
    assert (given.status, given.headers["Content-Type"]) == (200, "application/json")
    assert document(given) == {
        "success": True,
        "message": "SMS sending completed",
        "total_numbers": 2,
        "successful_sends": 2,
        "failed_sends": 0,
        "remaining_credits": 98,
        "results": [
            {"phone": "+12125551234", "success": True, "message_id": "msg_000001"},
            {"phone": "+13235554567", "success": True, "message_id": "msg_000002"},
        ],
    }


def test_an_accepted_text_is_held_with_all_that_is_known_of_it() -> None:
    at = state()
    ask(at, "+12125551234", message="Grüße")
    (text,) = at.texts
    assert (text.phone, text.message, text.message_id) == ("+12125551234", "Grüße", "msg_000001")
    assert (text.key_id, text.at_us) == (key_id(KEY), NOW)
    assert KEY not in repr(text)


@pytest.mark.parametrize("phone", ["+12125551234,+13235554567", " +12125551234 , +13235554567 "])
def test_several_numbers_may_come_in_one_string(phone: str) -> None:
    at = state()
    asked = json.dumps({"api_key": KEY, "phone": phone, "message": "Hello"}).encode()
    answer(at, NOW, "POST", "/api.php", JSON, asked)
    assert [text.phone for text in at.texts] == ["+12125551234", "+13235554567"]


@pytest.mark.parametrize(
    ("method", "path", "content_type", "sent", "status", "code"),
    [
        ("POST", "/elsewhere.php", "application/json", body("+12125551234"), 404, "NOT_FOUND"),
        ("GET", PATH, "application/json", b"", 405, "METHOD_NOT_ALLOWED"),
        ("POST", PATH, "text/plain", body("+12125551234"), 400, "INVALID_REQUEST"),
        ("POST", PATH, "application/json", b"{", 400, "INVALID_JSON"),
        ("POST", PATH, "application/json", b'"\xff"', 400, "INVALID_JSON"),
        ("POST", PATH, "application/json", b"[]", 400, "INVALID_REQUEST"),
        ("POST", PATH, "application/json", b"{}", 400, "INVALID_REQUEST"),
        ("POST", PATH, "application/json", body(), 400, "INVALID_REQUEST"),
        ("POST", PATH, "application/json", body("+12125551234", message=""), 400, "INVALID_REQUEST"),
        ("POST", PATH, "application/json", body("+12125551234", ""), 400, "INVALID_REQUEST"),
        ("POST", PATH, "application/json", body("+12125551234", key="cspro_other"), 401, "INVALID_API_KEY"),
        ("POST", PATH, "application/json; charset=utf-8", body("+12125551234"), 200, None),
    ],
)
def test_what_is_wrong_with_a_request_is_said_in_the_documented_form(
    method: str, path: str, content_type: str, sent: bytes, status: int, code: str | None
) -> None:
    at = state()
    given = answer(at, NOW, method, path, {"content-type": content_type}, sent)
    assert (given.status, document(given).get("code")) == (status, code)
    assert document(given)["success"] is (code is None)
    assert (at.requests, len(at.texts)) == (1, int(code is None))


def test_errors_of_the_script_may_come_with_status_200() -> None:
    given = ask(state(error_status=200), "+12125551234", key="cspro_other")
    assert (given.status, document(given)["code"]) == (200, "INVALID_API_KEY")


def test_too_many_numbers_are_refused_and_none_is_sent() -> None:
    at = state(max_numbers=2)
    assert ask(at, *numbers(3)).status == 413
    assert ask(at, *numbers(2)).status == 200
    assert (len(at.texts), at.numbers_seen) == (2, 5)


def test_a_number_that_is_none_fails_alone_and_costs_nothing() -> None:
    at = state(10)
    rows = document(ask(at, "+12125551234", "2125551234", "+0125551234"))["results"]
    assert [row["success"] for row in rows] == [True, False, False]
    assert rows[1] == {
        "phone": "2125551234",
        "success": False,
        "error": "Invalid phone number",
        "code": "INVALID_NUMBER",
    }
    assert at.credits[KEY] == 9


def test_credits_that_run_out_on_the_way_fail_the_rest_and_then_everything() -> None:
    at = state(Decimal("2.50"))
    told = document(ask(at, *numbers(3)))
    assert (told["successful_sends"], told["failed_sends"], told["remaining_credits"]) == (2, 1, Decimal("0.50"))
    assert told["results"][2]["code"] == "INSUFFICIENT_CREDITS"
    given = ask(at, *numbers(1))
    assert (given.status, document(given)["code"]) == (402, "INSUFFICIENT_CREDITS")


def test_limits_refuse_with_a_time_after_which_they_no_longer_do() -> None:
    at = state(limits=(Limit(2, 60), Limit(3, 3600)))
    assert [ask(at, "+12125551234").status for _ in range(3)] == [200, 200, 429]
    refused = ask(at, "+12125551234", now_us=NOW + 500_000)
    assert (document(refused)["code"], refused.headers["Retry-After"]) == ("RATE_LIMITED", "60")
    assert ask(at, "+12125551234", now_us=NOW + 60_000_000).status == 200
    assert (at.refused, at.refused_rolling, at.refused_fixed, len(at.texts)) == (2, 2, 2, 3)


def test_limits_count_requests_and_not_numbers() -> None:
    at = state(limits=(Limit(1, 60),))
    assert ask(at, *numbers(500)).status == 200
    assert ask(at, *numbers(1)).status == 429


def test_a_bad_key_takes_no_place_in_anybodys_limit() -> None:
    at = state(limits=(Limit(1, 60),))
    assert {ask(at, "+12125551234", key="cspro_other").status for _ in range(5)} == {401}
    assert ask(at, "+12125551234").status == 200


def test_keys_share_neither_limits_nor_credits() -> None:
    at = GatewayState({KEY: Decimal(1), "cspro_other": Decimal(1)}, GatewayOptions((Limit(1, 60),)))
    assert ask(at, "+12125551234").status == 200
    assert ask(at, "+12125551234", key="cspro_other").status == 200
    assert at.credits == {KEY: 0, "cspro_other": 0}


@given(st.integers(0, 12), st.lists(st.lists(st.sampled_from([*numbers(3), "+15005550001", "nonsense"]), min_size=1)))
def test_credits_are_conserved(start: int, batches: list[list[str]]) -> None:
    at = state(start, limits=())
    for batch in batches:
        told = document(ask(at, *batch))
        if "results" in told:
            assert told["successful_sends"] + told["failed_sends"] == told["total_numbers"] == len(batch)
            assert sum(row["success"] for row in told["results"]) == told["successful_sends"]
            assert told["remaining_credits"] == at.credits[KEY]
        assert at.credits[KEY] + len(at.texts) == start
        assert at.credits[KEY] >= 0


@given(st.binary())
def test_any_body_at_all_gets_an_answer(sent: bytes) -> None:
    assert answer(state(), NOW, "POST", PATH, JSON, sent).status in {200, 400, 401}


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_sends_or_does_not_as_the_table_says(fault: Fault) -> None:
    at = state()
    given = ask(at, "+12125551234", fault=fault)
    assert given.planned is not None
    effect = given.planned.effect
    assert (len(at.texts), int(at.credits[KEY])) == ((1, 999) if effect.sent else (0, 1000))
    assert at.requests == int(effect.read)
