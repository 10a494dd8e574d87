"""Answers with a row for each number: the row decides, and what stops everything is seen in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core.batching import Batch
from customersms_async._core.outcome_table import NextStep, TokenFate
from customersms_async._core.post_result import Answer
from customersms_async._core.rulings import judge
from customersms_async._core.secret import Secret
from customersms_async.models import Outcome, Status
from support.gateway_answers import (
    ACCEPTED,
    KEY_REFUSED,
    NO_CREDITS,
    NOW,
    ONE,
    REJECTED,
    TWO,
    UNKNOWN,
    UNSENT,
    answered,
    body,
    row,
    statuses,
    the_code,
)


@pytest.mark.parametrize("status", [200, 201, 299, 301, 302, 400, 401, 402, 403, 408, 409, 413, 422, 425, 429, 499])
@pytest.mark.parametrize("said", [True, False, None])
def test_rows_outrank_everything_below_500(status: int, said: bool | None) -> None:
    content = body(
        success=said,
        successful_sends=0,
        results=[row("+12125551234", message_id="a"), row("+13235554567", False, error="Blocked", code="BLOCKED")],
    )
    ruling = answered(status, content, retry_after="7")
    assert ruling.outcomes == [
        Outcome(3, "+12125551234", ACCEPTED, "a"),
        Outcome(5, "+13235554567", REJECTED, None, "Blocked", "BLOCKED"),
    ]
    assert (ruling.then, ruling.tokens, ruling.retry_after) == (NextStep.DONE, TokenFate.SETTLE, None)


@pytest.mark.parametrize("content", [KEY_REFUSED, NO_CREDITS])
def test_a_code_that_stops_everything_does_so_beside_rows_that_tell_of_sent_texts(content: bytes) -> None:
    said = json.loads(content)
    ruling = answered(200, body(**said, results=[row("+12125551234", message_id="a")]))
    assert (statuses(ruling), ruling.fatal) == ([ACCEPTED, UNKNOWN], said["code"])
    ruling = answered(200, body(**said, results=[row("+12125551234"), row("+13235554567")]))
    assert (statuses(ruling), ruling.fatal) == ([ACCEPTED, ACCEPTED], said["code"])


STOPS: list[tuple[int, dict[str, str], str]] = [(401, {}, "INVALID_API_KEY"), (402, {}, "INSUFFICIENT_CREDITS")]
STOPS += [
    (status, {"code": said}, said.upper())
    for status in (200, 302, 403, 429)
    for said in ("INVALID_API_KEY", "insufficient_credits", "Invalid_Api_Key")
]


@pytest.mark.parametrize(("status", "said", "code"), STOPS)
@pytest.mark.parametrize("success", [True, False, None])
def test_rows_refused_without_a_code_are_refused_for_what_the_whole_answer_says(
    status: int, said: dict[str, Any], code: str, success: bool | None
) -> None:
    three = Batch("Hello", [*TWO.phones, "+442079460958"], [0, 1, 2])
    refused = [row(TWO.phones[1], False), row(three.phones[2], "0", code="BLOCKED")]
    ruling = answered(status, body(**said, success=success, results=[row(TWO.phones[0]), *refused]), three)
    assert [(o.status, o.code) for o in ruling.outcomes] == [(ACCEPTED, None), (UNSENT, code), (REJECTED, "BLOCKED")]
    assert (ruling.fatal, ruling.then, ruling.limited) == (code, NextStep.DONE, False)


ROW_STOPS = ["INVALID_API_KEY", "INSUFFICIENT_CREDITS", "insufficient_credits", " Invalid_api_key"]


@pytest.mark.parametrize("code", ROW_STOPS)
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"success": False}, UNSENT),
        ({"success": "0", "error": "No credits", "message_id": "msg_refused"}, UNSENT),
        ({}, UNSENT),
        ({"success": None}, UNSENT),
        ({"success": ""}, UNSENT),
        ({"message_id": "msg_1"}, UNKNOWN),
        ({"success": "queued"}, UNKNOWN),
        ({"success": True}, UNKNOWN),
        ({"success": 1, "message_id": "msg_1"}, UNKNOWN),
    ],
)
@pytest.mark.parametrize("status", [200, 202, 400, 429])
def test_a_row_that_refuses_the_key_or_the_account_is_unsent_and_stops_everything(
    status: int, code: str, fields: dict[str, Any], expected: Status
) -> None:
    refused = {"phone": TWO.phones[1], "code": code, **fields}
    ruling = answered(status, body(success=True, successful_sends=1, results=[row(TWO.phones[0]), refused]))
    name = code.strip().upper()
    assert [(o.status, o.code) for o in ruling.outcomes] == [(ACCEPTED, None), (expected, name)]
    assert (ruling.fatal, ruling.then, ruling.tokens) == (name, NextStep.DONE, TokenFate.SETTLE)
    assert ruling.outcomes[1].error
    assert ruling.outcomes[1].message_id is None


def test_other_rows_of_such_an_answer_are_refused_for_the_same_reason_unless_they_give_their_own() -> None:
    three = Batch("Hello", [*TWO.phones, "+442079460958"], [0, 1, 2])
    refused = {"phone": three.phones[2], "success": False, "code": "INSUFFICIENT_CREDITS"}
    ruling = answered(
        200, body(results=[row(three.phones[0], False, code=9), row(three.phones[1], False), refused]), three
    )
    assert [(o.status, o.code) for o in ruling.outcomes] == [
        (REJECTED, "9"),
        (UNSENT, "INSUFFICIENT_CREDITS"),
        (UNSENT, "INSUFFICIENT_CREDITS"),
    ]


@pytest.mark.parametrize("results", [[{}], [row("+19995550000")], [row("551234")], {"1": {}}, [{}, {}, {}]])
@pytest.mark.parametrize("status", [200, 500])
def test_a_row_that_fits_no_number_stops_everything_all_the_same(status: int, results: Any) -> None:
    rows = results.values() if isinstance(results, dict) else results
    for entry in rows:
        entry |= {"success": False, "code": "INSUFFICIENT_CREDITS"}
    ruling = answered(status, body(success=False, results=results))
    assert (statuses(ruling), ruling.fatal) == ([UNKNOWN, UNKNOWN], "INSUFFICIENT_CREDITS")


@pytest.mark.parametrize("code", ["INSUFFICIENT_CREDITS", "RATE_LIMITED"])
def test_nobody_is_unsent_while_a_row_tells_of_a_text_that_may_be_anybodys(code: str) -> None:
    refused = [row(phone, False, code=code) for phone in TWO.phones]
    for stray in ({"success": True}, row("1234"), row("+19995550000")):
        ruling = answered(200, body(results=[*refused, stray]))
        assert [(o.status, o.code) for o in ruling.outcomes] == [(UNKNOWN, code)] * 2
        assert (ruling.then, ruling.limited) == (NextStep.DONE, False)
    assert statuses(answered(200, body(results=[*refused, row("+19995550000", False)]))) == [UNSENT, UNSENT]


def test_rows_that_were_refused_for_the_limits_are_unsent_and_the_key_rests() -> None:
    limited = [row(phone, False, code="rate_limited") for phone in TWO.phones]
    ruling = answered(200, body(success=True, results=limited), retry_after="7")
    assert [(o.status, o.code) for o in ruling.outcomes] == [(UNSENT, "RATE_LIMITED")] * 2
    assert (ruling.then, ruling.limited, ruling.retry_after, ruling.fatal) == (NextStep.WAIT, True, 7.0, None)
    ruling = answered(200, body(success=True, results=[row(TWO.phones[0]), limited[1]]))
    assert [(o.status, o.code) for o in ruling.outcomes] == [(ACCEPTED, None), (UNSENT, "RATE_LIMITED")]
    assert (ruling.then, ruling.limited, ruling.retry_after) == (NextStep.DONE, True, None)
    ruling = answered(429, body(results=[row(TWO.phones[0]), row(TWO.phones[1], False)]), retry_after="7")
    assert [(o.status, o.code) for o in ruling.outcomes] == [(ACCEPTED, None), (UNSENT, "RATE_LIMITED")]
    assert (ruling.then, ruling.limited, ruling.retry_after) == (NextStep.DONE, True, 7.0)
    ruling = answered(200, body(results=[limited[0], row(TWO.phones[1], False, code="INVALID_API_KEY")]))
    assert [(o.status, o.code) for o in ruling.outcomes] == [(UNSENT, "RATE_LIMITED"), (UNSENT, "INVALID_API_KEY")]
    assert (ruling.then, ruling.limited, ruling.fatal) == (NextStep.DONE, False, "INVALID_API_KEY")


@pytest.mark.parametrize("status", [200, 400, 403])
def test_a_whole_answer_that_says_so_is_a_429_whatever_its_status(status: int) -> None:
    ruling = answered(status, body(success=False, code="RATE_LIMITED"), retry_after="7")
    assert (statuses(ruling), the_code(ruling)) == ([UNSENT, UNSENT], "RATE_LIMITED")
    assert (ruling.then, ruling.limited, ruling.retry_after) == (NextStep.WAIT, True, 7.0)
    for doubtful in (302, 408, 500):
        assert statuses(answered(doubtful, body(success=False, code="RATE_LIMITED"))) == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize("results", [[{"success": False}], ["?"], "1 sent", {"phone": "+12125551234"}, [None, None]])
@pytest.mark.parametrize("status", [200, 400, 413, 429, 401, 500])
def test_what_is_refused_as_a_whole_but_tells_of_some_texts_is_unknown(status: int, results: Any) -> None:
    ruling = answered(status, body(success=False, results=results))
    assert (statuses(ruling), ruling.then) == ([UNKNOWN, UNKNOWN], NextStep.DONE)
    assert ruling.fatal == ("INVALID_API_KEY" if status == 401 else None)


@pytest.mark.parametrize("code", [None, "INVALID_API_KEY"])
def test_an_object_in_a_list_that_may_be_the_row_of_one_number_speaks_for_no_other(code: str | None) -> None:
    content = json.dumps([{"success": False, "code": code}]).encode()
    assert (statuses(answered(200, content)), answered(200, content).fatal) == ([UNKNOWN, UNKNOWN], code)
    assert statuses(answered(200, content, ONE)) == [UNSENT if code else REJECTED]
    assert statuses(answered(200, b"[" + body(success=False, total_numbers=2) + b"]")) == [REJECTED, REJECTED]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("success", [True, False])
def test_rows_of_a_5xx_decide_nothing(status: int, success: bool) -> None:
    ruling = answered(status, body(success=success, results=[row(phone, success) for phone in TWO.phones]))
    assert statuses(ruling) == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize("status", [200, 302, 400, 401, 402, 403, 413, 425, 429])
@pytest.mark.parametrize("success", [True, False])
@pytest.mark.parametrize("second", [False, None])
def test_a_number_whose_rows_disagree_is_unknown_and_not_sent_again(
    status: int, success: bool, second: bool | None
) -> None:
    results = [row("+12125551234"), row("+12125551234", second)]
    ruling = answered(status, body(success=success, results=results), ONE)
    assert (statuses(ruling), ruling.then) == ([UNKNOWN], NextStep.DONE)
    ruling = answered(status, body(success=success, results=[*results, row("+13235554567", False)]))
    refused = UNSENT if status in (401, 402, 425, 429) else REJECTED
    assert (statuses(ruling), ruling.then) == ([UNKNOWN, refused], NextStep.DONE)


def test_a_refused_row_needs_no_reason_and_its_code_is_the_gateways() -> None:
    ruling = answered(200, body(success=True, results=[row("+12125551234", False), row("+13235554567", False, code=9)]))
    assert statuses(ruling) == [REJECTED, REJECTED]
    assert [outcome.code for outcome in ruling.outcomes] == [None, "9"]
    assert all(outcome.error for outcome in ruling.outcomes)


def test_an_accepted_row_needs_no_id_and_has_neither_error_nor_code() -> None:
    results = [row("+12125551234", error="none", code="OK"), row("+13235554567", message_id=12)]
    ruling = answered(200, body(success=True, results=results))
    assert ruling.outcomes == [Outcome(3, "+12125551234", ACCEPTED), Outcome(5, "+13235554567", ACCEPTED, "12")]


KEY = "cspro_a_key_that_must_never_show"
some_ids = st.lists(
    st.text(max_size=12)
    | st.integers()
    | st.sampled_from([None, "", KEY, f"m{KEY}", "m" * 200, "m" * 201, "a b", "m1"]),
    min_size=2,
    max_size=2,
)


@given(some_ids)
@example(["m1", "m2"])
@example([1, 2])
@example(["m1", KEY])
@example(["m1", "m" * 201])
@example([KEY[:11], KEY[11:]])
def test_an_id_is_told_the_same_whether_all_are_accepted_or_not(ids: list[Any]) -> None:
    """The usual answer is judged by a shorter way."""
    redact, phones = Secret(KEY).redact, ["+12125551234", "+13235554567", "+442079460958"]
    rows = [row(phone, message_id=message_id) for phone, message_id in zip(phones, ids, strict=False)]
    short = judge(Answer(200, body(results=rows)), TWO, NOW, redact)
    long = judge(Answer(200, body(results=[*rows, row(phones[2], False)])), Batch("", phones, [3, 5, 7]), NOW, redact)
    assert short.outcomes == long.outcomes[:2]
