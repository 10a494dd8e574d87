"""The one place that decides whether a text was sent: docs/outcomes.md, row by row."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import NamedTuple

import pytest

from customersms_async._core.batching import Batch
from customersms_async._core.outcome_table import NextStep, TokenFate
from customersms_async._core.outcomes import dropped
from customersms_async._core.post_result import Answer, NoAnswer, NotSent
from customersms_async._core.rulings import Ruling, judge
from customersms_async._core.secret import Secret
from customersms_async.models import Code, Outcome, Status
from support.gateway_answers import (
    ACCEPTED,
    FAILED,
    FATAL_ERROR,
    GOOD_BODY,
    KEY_REFUSED,
    NO_CREDITS,
    NOW,
    ONE,
    PAGE,
    REJECTED,
    TWO,
    UNKNOWN,
    UNSENT,
    WARNING,
    answered,
    body,
    row,
    statuses,
    the_code,
)

# The table of docs/outcomes.md


@pytest.mark.parametrize(("again", "then"), [(True, NextStep.RECONNECT), (False, NextStep.DONE)])
def test_what_never_left_is_unsent_and_gives_its_tokens_back(again: bool, then: NextStep) -> None:
    ruling = judge(NotSent("connection refused", "SOME_CODE", again), TWO, NOW)
    assert ruling.outcomes == [
        Outcome(3, "+12125551234", UNSENT, None, "connection refused", "SOME_CODE"),
        Outcome(5, "+13235554567", UNSENT, None, "connection refused", "SOME_CODE"),
    ]
    assert (ruling.then, ruling.tokens, ruling.fatal, ruling.status_code) == (then, TokenFate.GIVE_BACK, None, None)


def test_a_failed_connection_is_tried_again_unless_said_otherwise() -> None:
    assert NotSent("refused") == NotSent("refused", Code.CONNECTION_FAILED, again=True)


def test_no_answer_leaves_every_text_unknown_and_the_tokens_held() -> None:
    ruling = judge(NoAnswer("reset"), TWO, NOW)
    assert ruling.outcomes == [
        Outcome(3, "+12125551234", UNKNOWN, None, "reset", "NO_ANSWER"),
        Outcome(5, "+13235554567", UNKNOWN, None, "reset", "NO_ANSWER"),
    ]
    assert (ruling.then, ruling.tokens, ruling.fatal, ruling.status_code) == (
        NextStep.DONE,
        TokenFate.LAPSE,
        None,
        None,
    )


def test_the_documented_answer_accepts_every_text() -> None:
    ruling = answered(200, GOOD_BODY)
    assert ruling.outcomes == [
        Outcome(3, "+12125551234", ACCEPTED, "msg_123456"),
        Outcome(5, "+13235554567", ACCEPTED, "msg_123457"),
    ]
    assert (ruling.then, ruling.tokens, ruling.fatal) == (NextStep.DONE, TokenFate.SETTLE, None)
    assert (ruling.status_code, ruling.remaining_credits, ruling.retry_after) == (200, Decimal(98), None)


class Expected(NamedTuple):
    """What becomes of both texts of a request whose answer has no rows."""

    status: Status
    code: str | None
    then: NextStep = NextStep.DONE
    fatal: Code | None = None


KEY_STOPS = Expected(UNSENT, "INVALID_API_KEY", fatal=Code.INVALID_API_KEY)
CREDITS_STOP = Expected(UNSENT, "INSUFFICIENT_CREDITS", fatal=Code.INSUFFICIENT_CREDITS)
WAITS = Expected(UNSENT, "RATE_LIMITED", NextStep.WAIT)


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        *((status, content, WAITS) for status in (429, 425) for content in (b"", PAGE, FAILED, b"{", b"\xff")),
        *((413, content, Expected(UNSENT, "HTTP_413", NextStep.HALVE)) for content in (b"", PAGE)),
        (413, FAILED, Expected(UNSENT, "TOO_LONG", NextStep.HALVE)),
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
    assert ruling.tokens is (TokenFate.LAPSE if status >= 500 else TokenFate.SETTLE)
    assert ruling.retry_after is None


def test_a_413_for_one_number_is_final() -> None:
    ruling = answered(413, PAGE, ONE)
    assert (statuses(ruling), the_code(ruling), ruling.then) == ([REJECTED], "HTTP_413", NextStep.DONE)


def test_a_413_for_three_numbers_is_halved() -> None:
    assert answered(413, PAGE, Batch("Hello", [*TWO.phones, "+442079460958"], [0, 1, 2])).then is NextStep.HALVE


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


def test_a_page_that_is_not_there_is_told_as_a_url_that_is_wrong() -> None:
    assert errors(answered(404, PAGE)) == [
        "the gateway answered with HTTP status 404: there is no script at url=… or CUSTOMERSMS_URL"
    ] * len(TWO)
    assert errors(answered(403, PAGE)) == ["the gateway answered with HTTP status 403"] * len(TWO)
    assert errors(answered(404, body(success=False, error="No such list"))) == ["No such list"] * len(TWO)


def test_a_page_in_the_place_of_the_gateway_is_told_by_its_status_and_where_to_look() -> None:
    assert errors(answered(200, PAGE))[0] == (
        "the gateway's answer (HTTP status 200) can't be read: see url=… or CUSTOMERSMS_URL, and who answers there"
    )
    for status in (301, 302, 308):
        assert errors(answered(status, PAGE))[0] == (
            f"the gateway answered with HTTP status {status}: it sends elsewhere, so see url=… or CUSTOMERSMS_URL"
        )


def errors(ruling: Ruling) -> list[str | None]:
    return [outcome.error for outcome in ruling.outcomes]


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
    assert (statuses(ruling), ruling.then) == ([UNKNOWN, UNKNOWN], NextStep.DONE)


def test_success_with_a_code_that_stops_everything_is_unknown_and_stops_everything() -> None:
    ruling = answered(200, body(success=True, code="INSUFFICIENT_CREDITS"))
    assert (statuses(ruling), ruling.fatal) == ([UNKNOWN, UNKNOWN], "INSUFFICIENT_CREDITS")


def test_what_was_still_to_be_sent_is_unsent_for_everyone() -> None:
    assert [(o.index, o.phone, o.status, o.code) for o in dropped(TWO, "STOPPED")] == [
        (index, phone, UNSENT, "STOPPED") for index, phone in zip(TWO.indexes, TWO.phones, strict=True)
    ]
