"""The table that decides what became of a text: the page shows it, and no line of it is in vain."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async._core.answer_rows import AnswerRow
from customersms_async._core.answers import NOTHING, Reading
from customersms_async._core.batching import Batch
from customersms_async._core.outcome_facts import AnswerFacts, NumberFacts, number_facts
from customersms_async._core.outcome_table import AS_A_WHOLE, BY_ROW, UNANSWERED, NextStep, Rule, first, markdown
from customersms_async._core.post_result import CLOSED, OVERDUE, Answer, NoAnswer, NotSent
from customersms_async._core.rulings import judge
from customersms_async.models import Code, Status
from support.places import DOCS

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = DOCS / "outcomes.md"

UNANSWERED_REQUESTS: list[NotSent | NoAnswer] = [
    OVERDUE,
    NotSent("refused"),
    NotSent(CLOSED, again=False),
    NoAnswer("reset"),
]
ROWS: list[NumberFacts] = [
    number_facts(AnswerRow("+12125551234", success, message_id, code=code), refusal, astray=astray)
    for success, message_id, code, refusal, astray in itertools.product(
        [None, True, False, "?"],
        [None, "msg_1"],
        [None, "BLOCKED", Code.INVALID_API_KEY, Code.RATE_LIMITED],
        [None, Code.INSUFFICIENT_CREDITS, Code.RATE_LIMITED],
        [True, False],
    )
]
READINGS = [
    NOTHING,
    Reading(success=True, code=None, error=None, may_have_sent=False, remaining_credits=None, rows=[]),
    Reading(success=False, code=None, error=None, may_have_sent=False, remaining_credits=None, rows=[]),
    Reading(success=False, code=None, error=None, may_have_sent=True, remaining_credits=None, rows=[]),
]
ANSWERS: list[AnswerFacts] = [
    AnswerFacts(status, reading, refusal, numbers)
    for status, reading, refusal, numbers in itertools.product(
        [100, 200, 301, 302, 401, 404, 408, 413, 429, 500, 599, 999],
        READINGS,
        [None, Code.INVALID_API_KEY, Code.RATE_LIMITED],
        [1, 2],
    )
]


def test_the_rules_for_rows_look_at_nothing_but_what_decides() -> None:
    """So that numbers who have that in common need one look at the table between them."""
    for facts in ROWS:
        no_row: Any = None
        assert first(BY_ROW, facts) is first(BY_ROW, NumberFacts(no_row, *facts.deciding))


PARTS: list[Any] = [
    pytest.param(UNANSWERED, UNANSWERED_REQUESTS, id="no answer"),
    pytest.param(BY_ROW, ROWS, id="by row"),
    pytest.param(AS_A_WHOLE, ANSWERS, id="as a whole"),
]


def test_the_table_of_the_docs_is_the_one_that_decides() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("begins -->\n")[2].partition("<!-- the table ends")[0]
    assert table == f"\n{markdown()}\n\n", "python -m tools.generate_outcome_table writes it"


@pytest.mark.parametrize(("rules", "cases"), PARTS)
def test_every_line_decides_something_and_the_last_whatever_is_left(
    rules: Sequence[Rule[Any]], cases: Sequence[Any]
) -> None:
    assert {rules.index(first(rules, case)) for case in cases} == set(range(len(rules)))
    assert all(rules[-1].holds(case) for case in cases)


@pytest.mark.parametrize("rules", [UNANSWERED, BY_ROW, AS_A_WHOLE])
def test_only_what_was_not_sent_is_tried_again(rules: Sequence[Rule[Any]]) -> None:
    assert all(rule.status is Status.UNSENT for rule in rules if rule.then is not NextStep.DONE)


@pytest.mark.parametrize("happened", UNANSWERED_REQUESTS)
def test_a_request_without_an_answer_is_judged_by_its_line(happened: NotSent | NoAnswer) -> None:
    rule, ruling = first(UNANSWERED, happened), judge(happened, Batch("Hello", ["+12125551234"], [0]), 0.0)
    assert ([o.status for o in ruling.outcomes], ruling.then, ruling.tokens) == ([rule.status], rule.then, rule.tokens)


@pytest.mark.parametrize("numbers", [1, 2])
@pytest.mark.parametrize("status", [200, 301, 302, 401, 404, 408, 413, 429, 500, 999])
def test_an_answer_that_says_nothing_is_judged_by_the_line_of_its_status(status: int, numbers: int) -> None:
    batch = Batch("Hello", ["+12125551234", "+13235554567"][:numbers], list(range(numbers)))
    ruling = judge(Answer(status, b""), batch, 0.0)
    refusal = {401: Code.INVALID_API_KEY, 429: Code.RATE_LIMITED}.get(status)
    rule = first(AS_A_WHOLE, AnswerFacts(status, NOTHING, refusal, numbers))
    assert {o.status for o in ruling.outcomes} == {rule.status}
    assert (ruling.then, ruling.tokens) == (rule.then, rule.tokens)
