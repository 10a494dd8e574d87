"""The odd forms of docs/gateway.md, answers that are cut, and any bytes at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core.answers import read
from customersms_async._core.batching import Batch
from customersms_async._core.outcome_table import NextStep, TokenFate
from customersms_async._core.php_values import phone_digits
from customersms_async._core.post_result import Answer
from customersms_async._core.rulings import judge
from support.gateway_answers import (
    ACCEPTED,
    BOTH,
    FAILED,
    FATAL_ERROR,
    GOOD,
    GOOD_BODY,
    NOW,
    ONE,
    REJECTED,
    TWO,
    UNKNOWN,
    UNSENT,
    WARNING,
    A,
    B,
    answered,
    body,
    row,
    statuses,
)

if TYPE_CHECKING:
    from customersms_async.models import Status


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
    assert (statuses(ruling), ruling.then) == (expected, NextStep.DONE)


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
    assert (statuses(ruling), ruling.then) == (expected, NextStep.DONE)


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
        assert (statuses(ruling), ruling.then, ruling.fatal) == ([UNKNOWN, UNKNOWN], NextStep.DONE, None), length
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
    if ruling.then is not NextStep.DONE:
        assert ended == {UNSENT}
    if (UNSENT in ended or REJECTED in ended) and status < 500:
        reading = read(content)
        sent = {phone_digits(row.phone) for row in reading.rows if row.accepted} if reading else set()
        assert all(o.status in (ACCEPTED, UNKNOWN) for o in ruling.outcomes if o.phone[1:] in sent)
    if ruling.then is NextStep.WAIT:
        assert ruling.limited
        assert status in (425, 429) or b"RATE_LIMITED" in content
    if ruling.then is NextStep.HALVE:
        assert status == 413
        assert len(batch) > 1
    assert ruling.then is not NextStep.RECONNECT
    assert ruling.tokens is (TokenFate.LAPSE if status >= 500 else TokenFate.SETTLE)
    for outcome in ruling.outcomes:
        if outcome.status is ACCEPTED:
            assert (outcome.error, outcome.code) == (None, None)
        else:
            assert outcome.error


@pytest.mark.parametrize(("status", "found"), [(200, UNKNOWN), (404, REJECTED), (500, UNKNOWN)])
def test_an_answer_that_can_not_be_unpacked_is_named_as_what_it_is(status: int, found: Status) -> None:
    ruling = judge(Answer(status, b"\x00", None, "br"), TWO, NOW)
    assert statuses(ruling) == [found, found]
    assert ruling.outcomes[0].error == "the gateway's answer is packed in a way that can't be read (br)"
