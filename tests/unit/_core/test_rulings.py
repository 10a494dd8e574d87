"""The one place that decides whether a text was sent: docs/outcomes.md, row by row, and every odd form."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core.answers import digits, read
from customersms_async._core.batching import Batch
from customersms_async._core.rulings import (
    Answer,
    NoAnswer,
    NotSent,
    Ruling,
    Then,
    Tokens,
    dropped,
    encode,
    judge,
    retry_after_seconds,
)
from customersms_async._core.secret import Secret
from customersms_async.models import Code, Outcome, Status

ACCEPTED, REJECTED, UNKNOWN, UNSENT = Status.ACCEPTED, Status.REJECTED, Status.UNKNOWN, Status.UNSENT
ONE = Batch("Hello", ["+12125551234"], [7])
TWO = Batch("Hello", ["+12125551234", "+13235554567"], [3, 5])
NOW = 784_111_770.0  # Sun, 06 Nov 1994 08:49:30 GMT

WARNING = b"<br />\n<b>Warning</b>:  Undefined array key in <b>/api.php</b> on line <b>42</b><br />\n"
FATAL_ERROR = b"<br />\n<b>Fatal error</b>:  Maximum execution time exceeded in <b>/api.php</b><br />\n"
PAGE = b"<html><head><title>Error</title></head><body><h1>Error</h1></body></html>"


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def row(phone: Any, success: Any = True, **more: Any) -> dict[str, Any]:
    return {"phone": phone, "success": success, **more}


def answered(status: int, content: bytes = b"", batch: Batch = TWO, retry_after: str | None = None) -> Ruling:
    ruling = judge(Answer(status, content, retry_after), batch, NOW)
    assert [(o.index, o.phone) for o in ruling.outcomes] == list(zip(batch.indexes, batch.phones, strict=True))
    return ruling


def statuses(ruling: Ruling) -> list[Status]:
    return [outcome.status for outcome in ruling.outcomes]


def the_code(ruling: Ruling) -> str | None:
    (code,) = {outcome.code for outcome in ruling.outcomes}
    return code


GOOD: dict[str, Any] = {
    "success": True,
    "message": "SMS sending completed",
    "total_numbers": 2,
    "successful_sends": 2,
    "failed_sends": 0,
    "remaining_credits": 98,
    "results": [row("+12125551234", message_id="msg_123456"), row("+13235554567", message_id="msg_123457")],
}
GOOD_BODY = json.dumps(GOOD).encode()
KEY_REFUSED = body(success=False, error="Invalid or inactive API key", code="INVALID_API_KEY")
NO_CREDITS = body(success=False, error="Not enough credits", code="INSUFFICIENT_CREDITS")
FAILED = body(success=False, error="Message too long", code="TOO_LONG")


# The request


def test_a_request_has_the_documented_fields_in_their_order() -> None:
    assert encode("cspro_key", ["+12125551234", "+13235554567"], 'Zoë said "hi" 👋') == (
        '{"api_key":"cspro_key","phone":["+12125551234","+13235554567"],"message":"Zoë said \\"hi\\" 👋"}'.encode()
    )


def test_one_number_goes_out_as_an_array_too() -> None:
    assert json.loads(encode("k", ("+12125551234",), "Hello"))["phone"] == ["+12125551234"]


@given(st.text(), st.lists(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), min_size=1), st.text())
def test_any_json_reader_reads_the_request_back(key: str, phones: list[str], message: str) -> None:
    assert list(json.loads(encode(key, phones, message)).items()) == [
        ("api_key", key),
        ("phone", phones),
        ("message", message),
    ]


def test_half_a_surrogate_pair_is_refused_and_not_replaced() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode("k", ["+12125551234"], "\ud83d")


# The table of docs/outcomes.md


@pytest.mark.parametrize(("again", "then"), [(True, Then.RECONNECT), (False, Then.DONE)])
def test_what_never_left_is_unsent_and_gives_its_tokens_back(again: bool, then: Then) -> None:
    ruling = judge(NotSent("connection refused", "SOME_CODE", again), TWO, NOW)
    assert ruling.outcomes == [
        Outcome(3, "+12125551234", UNSENT, None, "connection refused", "SOME_CODE"),
        Outcome(5, "+13235554567", UNSENT, None, "connection refused", "SOME_CODE"),
    ]
    assert (ruling.then, ruling.tokens, ruling.fatal, ruling.status_code) == (then, Tokens.GIVE_BACK, None, None)


def test_a_failed_connection_is_tried_again_unless_said_otherwise() -> None:
    assert NotSent("refused") == NotSent("refused", Code.CONNECTION_FAILED, again=True)


def test_no_answer_leaves_every_text_unknown_and_the_tokens_held() -> None:
    ruling = judge(NoAnswer("reset"), TWO, NOW)
    assert ruling.outcomes == [
        Outcome(3, "+12125551234", UNKNOWN, None, "reset", "NO_ANSWER"),
        Outcome(5, "+13235554567", UNKNOWN, None, "reset", "NO_ANSWER"),
    ]
    assert (ruling.then, ruling.tokens, ruling.fatal, ruling.status_code) == (Then.DONE, Tokens.LAPSE, None, None)


def test_the_documented_answer_accepts_every_text() -> None:
    ruling = answered(200, GOOD_BODY)
    assert ruling.outcomes == [
        Outcome(3, "+12125551234", ACCEPTED, "msg_123456"),
        Outcome(5, "+13235554567", ACCEPTED, "msg_123457"),
    ]
    assert (ruling.then, ruling.tokens, ruling.fatal) == (Then.DONE, Tokens.SETTLE, None)
    assert (ruling.status_code, ruling.remaining_credits, ruling.retry_after) == (200, Decimal(98), None)


class Expected(NamedTuple):
    """What becomes of both texts of a request whose answer has no rows."""

    status: Status
    code: str | None
    then: Then = Then.DONE
    fatal: Code | None = None


KEY_STOPS = Expected(UNSENT, "INVALID_API_KEY", fatal=Code.INVALID_API_KEY)
CREDITS_STOP = Expected(UNSENT, "INSUFFICIENT_CREDITS", fatal=Code.INSUFFICIENT_CREDITS)
WAITS = Expected(UNSENT, "RATE_LIMITED", Then.WAIT)


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        *((status, content, WAITS) for status in (429, 425) for content in (b"", PAGE, FAILED, b"{", b"\xff")),
        *((413, content, Expected(UNSENT, "HTTP_413", Then.HALVE)) for content in (b"", PAGE)),
        (413, FAILED, Expected(UNSENT, "TOO_LONG", Then.HALVE)),
        *((status, KEY_REFUSED, KEY_STOPS) for status in (200, 201, 302, 308, 400, 403, 409, 413, 429, 500, 502, 503)),
        *((401, content, KEY_STOPS) for content in (b"", PAGE, FAILED, KEY_REFUSED, b'{"success": false}')),
        *((status, NO_CREDITS, CREDITS_STOP) for status in (200, 400, 403, 408, 429, 500)),
        *((402, content, CREDITS_STOP) for content in (b"", PAGE, FAILED, NO_CREDITS)),
        (200, body(success=False, code="invalid_api_key"), KEY_STOPS),
        (200, body(error="no such key", code="INVALID_API_KEY"), KEY_STOPS),
        (403, WARNING + KEY_REFUSED, KEY_STOPS),
        (200, b"\xef\xbb\xbf" + KEY_REFUSED, KEY_STOPS),
        *((status, PAGE, Expected(REJECTED, f"HTTP_{status}")) for status in (400, 403, 404, 405, 422, 451, 499)),
        *((status, FAILED, Expected(REJECTED, "TOO_LONG")) for status in (200, 202, 400, 403, 404, 422)),
        (200, body(success=False), Expected(REJECTED, "HTTP_200")),
        (200, body(success="0", error="no"), Expected(REJECTED, "HTTP_200")),
        (200, body(success=False, successful_sends=0, code=17), Expected(REJECTED, "17")),
        (200, body(success=False, successful_sends="0"), Expected(REJECTED, "HTTP_200")),
        (200, body(success=False, successful_sends=None, results=[]), Expected(REJECTED, "HTTP_200")),
        *(
            (status, content, Expected(REJECTED, f"HTTP_{status}"))
            for status in (301, 307, 308)
            for content in (b"", PAGE)
        ),
        (301, FAILED, Expected(REJECTED, "TOO_LONG")),
        *(
            (status, content, Expected(UNKNOWN, f"HTTP_{status}"))
            for status in (302, 303, 408, 409, 500, 501, 502, 503, 504, 520, 599)
            for content in (b"", PAGE, b'{"success": false}')
        ),
        *((status, FAILED, Expected(UNKNOWN, "TOO_LONG")) for status in (302, 408, 409, 500, 503)),
        *((status, GOOD_BODY, Expected(UNKNOWN, f"HTTP_{status}")) for status in (500, 502, 503, 504)),
        *(
            (200, body(success=False, successful_sends=sent), Expected(UNKNOWN, "UNREADABLE_ANSWER"))
            for sent in (1, "2")
        ),
        *(
            (status, body(success=False, code="TOO_LONG", successful_sends=1), Expected(UNKNOWN, "TOO_LONG"))
            for status in (200, 302, 307, 400, 403, 413, 425, 429, 500)
        ),
        *(
            (status, content, Expected(UNKNOWN, "UNREADABLE_ANSWER"))
            for status in (200, 201, 204)
            for content in (b"", PAGE, FATAL_ERROR, b"OK", b"[]", b"{}", b'{"success": true}', b'{"success": null}')
        ),
        (200, body(success=True, total_numbers=2, successful_sends=2), Expected(UNKNOWN, "UNREADABLE_ANSWER")),
        (200, body(success=True, results=[]), Expected(UNKNOWN, "UNREADABLE_ANSWER")),
        (200, body(success=True, results=[row("+19995550000")]), Expected(UNKNOWN, "UNREADABLE_ANSWER")),
        (200, body(success="maybe", results=[{"phone": "+12125551234"}]), Expected(UNKNOWN, "UNREADABLE_ANSWER")),
        *((status, b'{"success": true}', Expected(UNKNOWN, f"HTTP_{status}")) for status in (307, 400, 403, 413, 429)),
        *((status, b"", Expected(UNKNOWN, f"HTTP_{status}")) for status in (100, 300, 304, 600, 999)),
    ],
)
def test_without_rows_the_status_decides_and_then_the_body(status: int, content: bytes, expected: Expected) -> None:
    ruling = answered(status, content)
    assert Expected(ruling.outcomes[0].status, the_code(ruling), ruling.then, ruling.fatal) == expected
    assert len(set(statuses(ruling))) == 1
    assert all(outcome.error and outcome.message_id is None for outcome in ruling.outcomes)
    assert ruling.status_code == status
    assert ruling.tokens is (Tokens.LAPSE if status >= 500 else Tokens.SETTLE)
    assert ruling.retry_after is None


def test_a_413_for_one_number_is_final() -> None:
    ruling = answered(413, PAGE, ONE)
    assert (statuses(ruling), the_code(ruling), ruling.then) == ([REJECTED], "HTTP_413", Then.DONE)


def test_a_413_for_three_numbers_is_halved() -> None:
    assert answered(413, PAGE, Batch("Hello", [*TWO.phones, "+442079460958"], [0, 1, 2])).then is Then.HALVE


@pytest.mark.parametrize("content", [KEY_REFUSED, NO_CREDITS])
@pytest.mark.parametrize("status", [200, 401, 402, 403])
def test_what_was_sent_before_the_key_failed_is_unknown_and_still_everything_stops(status: int, content: bytes) -> None:
    said = {**json.loads(content), "successful_sends": 1}
    ruling = answered(status, body(**said))
    assert statuses(ruling) == [UNKNOWN, UNKNOWN]
    assert ruling.fatal is not None


def test_the_gateways_own_words_are_kept_short() -> None:
    ruling = answered(403, body(success=False, error="  IP not\nallowed " + "x" * 1_000))
    assert all(o.error is not None and o.error.startswith("IP not allowed xxx") for o in ruling.outcomes)
    assert all(o.error is not None and len(o.error) == 200 for o in ruling.outcomes)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 0.0), ("Sun, 06 Nov 1994 08:49:37 GMT", 7.0), ("soon", None), (None, None)],
)
@pytest.mark.parametrize("status", [425, 429])
def test_a_429_says_how_long_to_wait(status: int, header: str | None, seconds: float | None) -> None:
    assert answered(status, PAGE, retry_after=header).retry_after == seconds


@pytest.mark.parametrize("status", [200, 301, 400, 413, 503])
def test_only_a_429_is_waited_for(status: int) -> None:
    assert answered(status, PAGE, retry_after="7").retry_after is None


# Rows


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
    assert (ruling.then, ruling.tokens, ruling.retry_after) == (Then.DONE, Tokens.SETTLE, None)


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
    assert (ruling.fatal, ruling.then, ruling.limited) == (code, Then.DONE, False)


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
    assert (ruling.fatal, ruling.then, ruling.tokens) == (name, Then.DONE, Tokens.SETTLE)
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
        assert (ruling.then, ruling.limited) == (Then.DONE, False)
    assert statuses(answered(200, body(results=[*refused, row("+19995550000", False)]))) == [UNSENT, UNSENT]


def test_rows_that_were_refused_for_the_limits_are_unsent_and_the_key_rests() -> None:
    limited = [row(phone, False, code="rate_limited") for phone in TWO.phones]
    ruling = answered(200, body(success=True, results=limited), retry_after="7")
    assert [(o.status, o.code) for o in ruling.outcomes] == [(UNSENT, "RATE_LIMITED")] * 2
    assert (ruling.then, ruling.limited, ruling.retry_after, ruling.fatal) == (Then.WAIT, True, 7.0, None)
    ruling = answered(200, body(success=True, results=[row(TWO.phones[0]), limited[1]]))
    assert [(o.status, o.code) for o in ruling.outcomes] == [(ACCEPTED, None), (UNSENT, "RATE_LIMITED")]
    assert (ruling.then, ruling.limited, ruling.retry_after) == (Then.DONE, True, None)
    ruling = answered(429, body(results=[row(TWO.phones[0]), row(TWO.phones[1], False)]), retry_after="7")
    assert [(o.status, o.code) for o in ruling.outcomes] == [(ACCEPTED, None), (UNSENT, "RATE_LIMITED")]
    assert (ruling.then, ruling.limited, ruling.retry_after) == (Then.DONE, True, 7.0)
    ruling = answered(200, body(results=[limited[0], row(TWO.phones[1], False, code="INVALID_API_KEY")]))
    assert [(o.status, o.code) for o in ruling.outcomes] == [(UNSENT, "RATE_LIMITED"), (UNSENT, "INVALID_API_KEY")]
    assert (ruling.then, ruling.limited, ruling.fatal) == (Then.DONE, False, "INVALID_API_KEY")


@pytest.mark.parametrize("status", [200, 400, 403])
def test_a_whole_answer_that_says_so_is_a_429_whatever_its_status(status: int) -> None:
    ruling = answered(status, body(success=False, code="RATE_LIMITED"), retry_after="7")
    assert (statuses(ruling), the_code(ruling)) == ([UNSENT, UNSENT], "RATE_LIMITED")
    assert (ruling.then, ruling.limited, ruling.retry_after) == (Then.WAIT, True, 7.0)
    for doubtful in (302, 408, 500):
        assert statuses(answered(doubtful, body(success=False, code="RATE_LIMITED"))) == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize("results", [[{"success": False}], ["?"], "1 sent", {"phone": "+12125551234"}, [None, None]])
@pytest.mark.parametrize("status", [200, 400, 413, 429, 401, 500])
def test_what_is_refused_as_a_whole_but_tells_of_some_texts_is_unknown(status: int, results: Any) -> None:
    ruling = answered(status, body(success=False, results=results))
    assert (statuses(ruling), ruling.then) == ([UNKNOWN, UNKNOWN], Then.DONE)
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
    assert (statuses(ruling), ruling.then) == ([UNKNOWN], Then.DONE)
    ruling = answered(status, body(success=success, results=[*results, row("+13235554567", False)]))
    refused = UNSENT if status in (401, 402, 425, 429) else REJECTED
    assert (statuses(ruling), ruling.then) == ([UNKNOWN, refused], Then.DONE)


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


# The odd forms of docs/gateway.md

BOTH = [ACCEPTED, ACCEPTED]
A, B = row("+12125551234", message_id="msg_123456"), row("+13235554567", message_id="msg_123457")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbf" + GOOD_BODY, BOTH),
        (WARNING + GOOD_BODY, BOTH),
        (b"\xef\xbb\xbf" + WARNING + WARNING + GOOD_BODY, BOTH),
        (GOOD_BODY + WARNING, BOTH),
        (b"PHP Notice: {$x} \xe9 " + GOOD_BODY, BOTH),
        (body(success="1", results=[row("+12125551234", "1"), row("+13235554567", "true")]), BOTH),
        (body(success=1, results=[row("+12125551234", 1), row("+13235554567", 0)]), [ACCEPTED, REJECTED]),
        (body(success=True, results=[row("+12125551234", "0"), row("+13235554567", "false")]), [REJECTED, REJECTED]),
        (body(success=True, results=[row(12125551234), row(13235554567)]), BOTH),
        (b'{"success": true, "results": [{"phone": 12125551234.0, "success": true}]}', [ACCEPTED, UNKNOWN]),
        (b'{"success": true, "results": [{"phone": 1.2125551234E+10, "success": true}]}', [ACCEPTED, UNKNOWN]),
        (body(success=True, results=[row("12125551234"), row("1-323-555-4567")]), BOTH),
        (body(success=True, results=[row("2125551234"), row("03235554567")]), BOTH),
        (body(success=True, results=[B, A]), BOTH),
        (body(success=True, results=[B]), [UNKNOWN, ACCEPTED]),
        (body(success=True, results=[row("+13235554567", False)]), [UNKNOWN, REJECTED]),
        (body(success=True, results={"0": A, "1": B}), BOTH),
        (body(success=True, results={"1": A, "0": B}), BOTH),
        (body(success=True, results={"0": {"success": True}, "1": {"success": False}}), [ACCEPTED, REJECTED]),
        (body(success=True, results={"1": {"success": True}}), [UNKNOWN, UNKNOWN]),
        (body(success=True, results=[{"success": True}, {"success": False}]), [ACCEPTED, REJECTED]),
        (body(success=True, results=[{"success": True}, {"success": True}, {"success": False}]), [UNKNOWN, UNKNOWN]),
        (body(success=True, results=[A, row("+19995550000"), B]), BOTH),
        (body(success=True, results=[row("+19995550000"), row("+18885550000")]), [UNKNOWN, UNKNOWN]),
        (body(success=True, results=[A, A, B]), BOTH),
        (body(success=True, results=[A, B, row("+12125551234", False)]), [UNKNOWN, ACCEPTED]),
        (body(success=True, results=[A, {"phone": "+13235554567", "status": "queued"}]), [ACCEPTED, UNKNOWN]),
        (body(success=True, results=["sent", B]), [UNKNOWN, ACCEPTED]),
        (body(success=True, results=A), [UNKNOWN, UNKNOWN]),
        (body(success=True, results="2 sent"), [UNKNOWN, UNKNOWN]),
        (body(success=True, results={"+12125551234": {"success": True}}), [ACCEPTED, UNKNOWN]),
        (body(success=True, results=[row("551234")]), [UNKNOWN, UNKNOWN]),
        (GOOD_BODY + body(success=False, error="shut down"), [UNKNOWN, UNKNOWN]),
        (GOOD_BODY[:-2] + FATAL_ERROR, [UNKNOWN, UNKNOWN]),
        (GOOD_BODY[:-2] + FATAL_ERROR + FAILED, [UNKNOWN, UNKNOWN]),
        (GOOD_BODY.replace(b"msg_123456", b"msg_\xff"), BOTH),
        (body(success=True, results=[{**A, "message_id": "\ud800"}, B]), [UNKNOWN, UNKNOWN]),
        (b'{"success": true, "results": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", [UNKNOWN, UNKNOWN]),
    ],
    ids=range(38),
)
def test_an_odd_answer_is_read_for_what_it_says_and_no_more(content: bytes, expected: list[Status]) -> None:
    ruling = answered(200, content)
    assert (statuses(ruling), ruling.then) == (expected, Then.DONE)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"results": [{"phone": "+12125551234", "success": true, "success": false}, %s]}', [UNKNOWN, ACCEPTED]),
        (b'{"results": [%s], "results": [{"phone": "+13235554567", "success": false}]}', [UNKNOWN, UNKNOWN]),
        (b'{"success": false, "results": [{"success": true, "success": false}, %s]}', [UNKNOWN, ACCEPTED]),
        (b'{"success": true, "success": false}%.0s', [UNKNOWN, UNKNOWN]),
        (b'{"success": false, "code": "INVALID_API_KEY", "success": true}%.0s', [UNKNOWN, UNKNOWN]),
        (
            b'{"success": true, "results": [{"a": {"success": false}, "phone": "+12125551234", "success": true}, %s]}',
            BOTH,
        ),
        (b'{"success": true, "debug": {"success": false}, "results": [%s]}', [UNKNOWN, ACCEPTED]),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 413, 429])
def test_a_name_that_stands_twice_decides_nothing(status: int, content: bytes, expected: list[Status]) -> None:
    ruling = answered(status, content % json.dumps(B).encode())
    assert (statuses(ruling), ruling.then) == (expected, Then.DONE)


def test_trailing_digits_shared_by_two_numbers_decide_for_neither() -> None:
    twins = Batch("Hello", ["+12125551234", "+442125551234", "+13235554567"], [0, 1, 2])
    ruling = answered(200, body(success=True, results=[row("2125551234"), row("3235554567")]), twins)
    assert statuses(ruling) == [UNKNOWN, UNKNOWN, ACCEPTED]


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf", WARNING, b"<i>{}</i>"])
@pytest.mark.parametrize(
    "whole",
    [
        GOOD_BODY,
        json.dumps(GOOD, indent=1).encode(),
        FAILED,
        body(results=GOOD["results"], success=False, error="Sending failed"),
        body(results={"0": {"success": True}, "1": {"success": False}}, success=True),
    ],
)
def test_an_answer_cut_at_any_byte_leaves_every_text_unknown(prefix: bytes, whole: bytes) -> None:
    for length in range(len(prefix + whole)):
        ruling = answered(200, (prefix + whole)[:length])
        assert (statuses(ruling), ruling.then, ruling.fatal) == ([UNKNOWN, UNKNOWN], Then.DONE, None), length
    assert UNKNOWN not in statuses(answered(200, prefix + whole))


@given(st.integers(0, len(GOOD_BODY)), st.integers(0, len(GOOD_BODY)), st.sampled_from([b"", WARNING, FATAL_ERROR]))
def test_an_answer_with_a_hole_never_rejects_or_frees_a_text(start: int, end: int, instead: bytes) -> None:
    ruling = answered(200, GOOD_BODY[:start] + instead + GOOD_BODY[max(start, end) :])
    assert {REJECTED, UNSENT}.isdisjoint(statuses(ruling))


# Whatever comes

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["+12125551234", "2125551234", 12125551234, "1", "0", "", "INVALID_API_KEY", "RATE_LIMITED"]),
)
field_names = st.sampled_from(
    ["success", "code", "error", "successful_sends", "remaining_credits", "results", "phone", "message_id", "0", "1"]
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(field_names, inner, max_size=4), max_leaves=12
)
documents = st.dictionaries(field_names, values).map(lambda found: json.dumps(found).encode())
spliced = st.builds(
    lambda whole, at, junk: whole[:at] + junk + whole[at:],
    documents | st.just(GOOD_BODY),
    st.integers(0, 300),
    st.binary(max_size=6) | st.sampled_from([WARNING, b"1e99999999999999999999", b"9" * 5_000, b'{"success": false}']),
)
bodies = st.one_of(st.binary(), documents, spliced)
http_statuses = st.integers(100, 599) | st.sampled_from([200, 401, 402, 413, 425, 429, 500])
batches = st.sampled_from([ONE, TWO, Batch("x", ["+12125551234", "+442125551234", "+5551234"], [0, 8, 9])])


def test_a_page_that_is_not_there_is_told_as_a_url_that_is_wrong() -> None:
    assert errors(answered(404, PAGE)) == [
        "the gateway answered with HTTP status 404: there is no script at url=… or CUSTOMERSMS_URL"
    ] * len(TWO)
    assert errors(answered(403, PAGE)) == ["the gateway answered with HTTP status 403"] * len(TWO)
    assert errors(answered(404, body(success=False, error="No such list"))) == ["No such list"] * len(TWO)


def errors(ruling: Ruling) -> list[str | None]:
    return [outcome.error for outcome in ruling.outcomes]


@given(http_statuses, bodies, batches, st.none() | st.text(max_size=40))
@example(200, b'{"success": false, "error": "\\ud800"}', TWO, None)
@example(429, body(success=False, results=[A, {**A, "success": False}]), ONE, "-1")
def test_any_answer_gives_one_outcome_per_number_and_frees_no_text_without_reason(
    status: int, content: bytes, batch: Batch, retry_after: str | None
) -> None:
    """Promise 2, for any bytes at all.

    *A text that may have been sent is never sent again unless a person says so: every recipient ends as accepted,
    rejected, unsent or unknown, and unknown is never guessed away.*
    """
    ruling = answered(status, content, batch, retry_after)
    ended = set(statuses(ruling))
    if 200 <= status < 300 or status >= 500:
        assert UNSENT not in ended or ruling.fatal is not None or ruling.limited
    if status >= 500:
        assert ended <= ({UNKNOWN} if ruling.fatal is None else {UNKNOWN, UNSENT})
    if ruling.then is not Then.DONE:
        assert ended == {UNSENT}
    if (UNSENT in ended or REJECTED in ended) and status < 500:
        reading = read(content)
        sent = {digits(row.phone) for row in reading.rows if row.accepted} if reading else set()
        assert all(o.status in (ACCEPTED, UNKNOWN) for o in ruling.outcomes if o.phone[1:] in sent)
    if ruling.then is Then.WAIT:
        assert ruling.limited
        assert status in (425, 429) or b"RATE_LIMITED" in content
    if ruling.then is Then.HALVE:
        assert status == 413
        assert len(batch) > 1
    assert ruling.then is not Then.RECONNECT
    assert ruling.tokens is (Tokens.LAPSE if status >= 500 else Tokens.SETTLE)
    for outcome in ruling.outcomes:
        if outcome.status is ACCEPTED:
            assert (outcome.error, outcome.code) == (None, None)
        else:
            assert outcome.error


# Retry-After


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("30", 30.0),
        (" 30 ", 30.0),
        ("0", 0.0),
        ("007", 7.0),
        ("1.5", 1.5),
        ("999999999", 999_999_999.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 7.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 7.0),
        ("Sun Nov  6 08:49:37 1994", 7.0),
        ("Sun, 06 Nov 1994 09:49:37 +0100", 7.0),
        ("Sun, 06 Nov 1994 08:49:37 -0000", 7.0),
        ("Sun, 06 Nov 1994 08:49:30 GMT", 0.0),
        ("Sun, 06 Nov 1993 08:49:37 GMT", 0.0),
        ("", None),
        (" ", None),
        ("soon", None),
        ("-5", None),
        ("+5", None),
        ("1e3", None),
        ("5 seconds", None),
        ("5, 10", None),
        ("nan", None),
        ("inf", None),
        ("\u0663\u0660", None),
        ("99999999999999999999", None),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 +99999999999", None),
    ],
)
def test_a_wait_is_asked_for_in_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@given(st.text() | st.text(alphabet="0123456789 ,:-+.GMTSunNovDec"), st.floats(0, 1e11))
def test_any_retry_after_is_a_finite_wait_or_none(header: str, now_unix: float) -> None:
    seconds = retry_after_seconds(header, now_unix)
    assert seconds is None or 0.0 <= seconds < 1e12


@pytest.mark.parametrize("escaped", [False, True])
@pytest.mark.parametrize("place", [0, 165, 190, 300])
def test_the_key_is_taken_out_of_the_gateways_words_before_they_are_cut(place: int, escaped: bool) -> None:
    key = "cspro_a_key_that_must_never_show"
    said = "x" * place + " " + key
    rows = [row("+12125551234", False, error=said, code=key, message_id=key), row("+13235554567", message_id=said)]
    for content in (body(success=False, error=said, code=key), body(success=True, results=rows)):
        if escaped:
            content = content.replace(b"cspro", b"\\u0063spro").replace(b"never", b"n\\u0065ver")
        ruling = judge(Answer(200, content), TWO, 0.0, Secret(key).redact)
        for outcome in ruling.outcomes:
            shown = f"{outcome.error} {outcome.code} {outcome.message_id}"
            assert not any(key[:length] in shown for length in range(9, len(key) + 1))


@pytest.mark.parametrize("status", [200, 400, 413, 429, 500])
@pytest.mark.parametrize("code", ["", "INVALID_API_KEY"])
def test_a_row_that_fits_no_number_but_tells_of_a_text_makes_all_unknown(status: int, code: str) -> None:
    twins = Batch("Hello", ["+12125551234", "+442125551234"], [0, 1])
    content = body(success=False, code=code, results=[row("2125551234")])
    ruling = answered(status, content, twins)
    assert (statuses(ruling), ruling.then) == ([UNKNOWN, UNKNOWN], Then.DONE)


def test_success_with_a_code_that_stops_everything_is_unknown_and_stops_everything() -> None:
    ruling = answered(200, body(success=True, code="INSUFFICIENT_CREDITS"))
    assert (statuses(ruling), ruling.fatal) == ([UNKNOWN, UNKNOWN], "INSUFFICIENT_CREDITS")


def test_what_was_still_to_be_sent_is_unsent_for_everyone() -> None:
    assert [(o.index, o.phone, o.status, o.code) for o in dropped(TWO, "STOPPED")] == [
        (index, phone, UNSENT, "STOPPED") for index, phone in zip(TWO.indexes, TWO.phones, strict=True)
    ]
