"""The size up to which an answer is read: the work is bounded by what was asked, and nothing is made up beyond it."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from customersms_async._core import answer_bounds
from customersms_async._core.batching import Batch
from customersms_async._core.post_result import Answer
from customersms_async._core.rulings import Ruling, judge, judge_in_steps
from customersms_async._core.secret import Secret
from customersms_async.models import Status
from support.gateway_answers import ACCEPTED, NOW, REJECTED, TWO, UNKNOWN, answered, body, row, statuses, the_code
from support.large_answers import NAMES, PHONES, large_answer

REDACT = Secret("cspro_fuzzed/key+0123456789==").redact
LONGEST = 4 * 1024 * 1024


def asked(count: int, message: str = "Hello") -> Batch:
    return Batch(message, PHONES[:count], list(range(count)))


def steps_of(status: int, content: bytes, batch: Batch) -> tuple[int, Ruling]:
    """Calls of functions, Python's own included, that a ruling takes: its work, but for the time of each."""
    steps = 0

    def count(*_: Any) -> None:
        nonlocal steps
        steps += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        ruling = judge(Answer(status, content), batch, NOW, REDACT)
    finally:
        sys.setprofile(before)
    return steps, ruling


@pytest.mark.at_length
@pytest.mark.parametrize("count", [1, 100])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", [200, 404])
def test_the_work_is_bounded_by_what_was_asked_however_large_the_answer(status: int, name: str, count: int) -> None:
    steps, ruling = steps_of(status, large_answer(name, LONGEST - 10_000), asked(count))
    assert steps < 20_000 + 200 * count
    assert ACCEPTED not in {outcome.status for outcome in ruling.outcomes}


@pytest.mark.at_length
@pytest.mark.parametrize("name", NAMES)
def test_the_work_is_linear_in_the_numbers_for_the_largest_answer_that_is_read(name: str) -> None:
    batch = asked(1_000)
    content = large_answer(name, 65_536 + 500 * 1_000, answer_bounds.most_rows(batch))
    steps, _ = steps_of(200, content, batch)
    assert steps < 500 * 1_000


def calls_in_steps(content: bytes, batch: Batch) -> list[int]:
    """Calls of functions in each step of a ruling."""
    steps = judge_in_steps(Answer(200, content), batch, NOW, REDACT)
    taken: list[int] = []
    is_over = False
    while not is_over:
        calls = 0

        def count(*_: Any) -> None:
            nonlocal calls
            calls += 1

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            is_over = next(steps, True) is True
        finally:
            sys.setprofile(before)
        taken.append(calls)
    return taken


NEVER_READ = {"rows of long numbers", "rows with fields", "rows that quote the key cut off", "rows under long keys"}
NEVER_READ |= {"long figures", "deep lists", "deep objects"}


@pytest.mark.at_length
@pytest.mark.parametrize("message", ["Hello", "\u20ac" * 670])
@pytest.mark.parametrize("name", NAMES)
def test_no_step_takes_much_of_the_work_whatever_is_in_the_answer(name: str, message: str) -> None:
    """The usual answer, of a thousand rejected rows, takes 88,000 calls in all."""
    batch = asked(1_000, message)
    readable = 65_536 + 1_000 * (512 + 6 * len(message)) - 1_000
    content = large_answer(name, min(readable, LONGEST - 10_000), answer_bounds.most_rows(batch))
    assert answer_bounds.is_readable(content, batch) is (name not in NEVER_READ)
    assert max(calls_in_steps(content, batch)) < 140_000


def test_only_what_is_large_and_odd_takes_more_than_one_step() -> None:
    batch = asked(1_000)
    rows = [{"phone": phone, "success": True, "message_id": "m" * 36} for phone in PHONES]
    assert len(calls_in_steps(body(success=True, results=rows), batch)) == 1
    assert len(calls_in_steps(body(success=True, results=rows[::-1]), batch)) > 1
    assert len(calls_in_steps(body(success=True, results=rows[200::-1]), batch)) == 1
    assert len(calls_in_steps(b"<p>", batch)) == 1


TAKEN = {"phone": "+12125551234", "success": True, "message_id": "m1"}


@pytest.mark.parametrize(("status", "code"), [(200, "UNREADABLE_ANSWER"), (400, "HTTP_400"), (429, "HTTP_429")])
def test_an_answer_that_is_too_large_makes_its_texts_unknown(status: int, code: str) -> None:
    ruling = answered(status, body(success=True, results=[TAKEN] * 5_000))
    assert (statuses(ruling), the_code(ruling)) == ([UNKNOWN, UNKNOWN], code)
    assert ruling.outcomes[0].error == "the gateway's answer is far larger than the request, and was not read"


@pytest.mark.parametrize(("taken", "status"), [(100, ACCEPTED), (99, UNKNOWN)])
def test_a_small_answer_with_too_many_values_counts_only_if_it_is_of_the_usual_kind(taken: int, status: Status) -> None:
    rows = [row(phone, message_id="m1") for phone in PHONES[:taken]]
    content = body(success=True, padding=[{}] * 1_300, results=rows)
    assert answer_bounds.may_be_usual(content, asked(100))
    assert not answer_bounds.is_readable(content, asked(100))
    assert set(statuses(answered(200, content, asked(100)))) == {status}


@pytest.mark.parametrize("at", range(0, 60, 7))
def test_too_many_digits_in_a_row_are_found_wherever_they_stand(at: int) -> None:
    for digits, is_readable in ((200, True), (201, False)):
        content = body(padding="x" * (3_000 + at), number="7" * digits)
        assert answer_bounds.is_readable(content, TWO) is is_readable
    spread = body(padding="x" * 3_000, pieces=("7" * 25 + "x") * 20)
    assert answer_bounds.is_readable(spread + b" " * at, TWO)
    assert not answer_bounds.is_readable(b" " * 2_000 + b"1" * 201 + b" " * at, TWO)


def test_too_many_rows_in_few_bytes_are_too_large_as_well() -> None:
    most = answer_bounds.most_rows(TWO)
    rows = [row("+12125551234"), row("+13235554567")]
    assert statuses(answered(200, body(success=True, results=rows * (most // 2)))) == [ACCEPTED, ACCEPTED]
    assert statuses(answered(200, body(success=True, results=rows * (most // 2 + 1)))) == [UNKNOWN, UNKNOWN]


def test_a_web_page_of_any_size_is_still_judged_by_its_status() -> None:
    page = b"<html><script>" + b"if (a) { b = [1, 2]; }\n" * 20_000
    assert statuses(answered(404, page)) == [REJECTED, REJECTED]
    assert statuses(answered(404, page + b'{"success": true, "results": []}')) == [UNKNOWN, UNKNOWN]
    assert statuses(answered(401, page))[0] is Status.UNSENT


@pytest.mark.parametrize("count", [1, 100, 1_000])
@pytest.mark.parametrize("message", ["Hello", "\u20ac" * 670])
def test_what_a_gateway_may_say_is_read(count: int, message: str) -> None:
    """A row for each of four segments (of two, for a thousand), each with the text and a long reason."""
    each = 4 if count <= 100 else 2
    fields = {"parts": 4, "price": "0.045", "currency": "EUR", "route": "a", "at": "2026-01-01T00:00:00Z"}
    rows = [
        {"phone": phone, "success": True, "message_id": "m" * 36, "text": message, **fields}
        for phone in PHONES[:count]
        for _ in range(each if len(message) < 100 else 1)
    ]
    ruling = judge(Answer(200, json.dumps({"success": True, "results": rows}).encode()), asked(count, message), NOW)
    assert statuses(ruling) == [ACCEPTED] * count
