"""The one place that decides whether a text was sent: ``judge``, by the table in ``outcome_table``.

Promise 2: *A text that may have been sent is never sent again unless a person says so: every recipient ends as
accepted, rejected, unsent or unknown, and unknown is never guessed away.*
"""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING, Final

import msgspec

from ..models import Code, Outcome, Status
from .answer_bounds import ONE_STEP, is_readable, may_be_usual, may_tell_of_texts, most_rows
from .answers import NOTHING, TOO_MUCH, packed_as, read_documented, read_odd, reading_of, without_doubles
from .matching import DISPUTED, Match, match_in_steps
from .outcome_facts import STOPPING, AnswerFacts, number_facts, refusal_of
from .outcome_table import AS_A_WHOLE, BY_ROW, UNANSWERED, NextStep, TokenFate, first
from .outcomes import everyone, outcome_of_number, outcomes_of_all
from .post_result import Answer, NotSent
from .retry_after import retry_after_seconds
from .steps import finish
from .usual_answers import usual_outcomes

if TYPE_CHECKING:
    from .answer_rows import AnswerRow
    from .answers import DocumentedAnswer, Reading
    from .batching import Batch
    from .outcome_facts import NumberFacts
    from .outcome_table import Rule
    from .outcomes import Redact
    from .post_result import NoAnswer, PostResult
    from .steps import Steps

    Decided = tuple[list[Outcome], NextStep, TokenFate]

_ROWS_IN_A_STEP: Final = 100
"""Rows of a large answer whose words are made fit to be shown in one step."""


class Ruling(msgspec.Struct, frozen=True):
    """The fate of one request and of its texts. ``outcomes`` has one entry for each number of the batch, in its order.

    ``fatal`` is the code that makes every further request pointless. ``limited``: the gateway refused texts because the
    key has sent too much. ``retry_after`` (seconds) is what it asked for then, ``None`` if it can't be read.
    ``is_foreign``: the answer is not the gateway's JSON, but somebody else's. ``all_accepted``: it was of the usual
    kind, so that nobody need look at each outcome.
    """

    outcomes: list[Outcome]
    then: NextStep = NextStep.DONE
    tokens: TokenFate = TokenFate.SETTLE
    fatal: Code | None = None
    status_code: int | None = None
    remaining_credits: Decimal | None = None
    limited: bool = False
    retry_after: float | None = None
    is_foreign: bool = False
    all_accepted: bool = False


def judge(result: PostResult, batch: Batch, now_unix: float, redact: Redact = str) -> Ruling:
    """Decide what became of every text of ``batch``; ``now_unix`` (seconds) is for a ``Retry-After`` date.

    ``redact`` takes out of the gateway's words what nobody may see; they are cut to ``LONGEST_SHOWN`` after it.
    """
    return finish(judge_in_steps(result, batch, now_unix, redact))


def judge_in_steps(result: PostResult, batch: Batch, now_unix: float, redact: Redact = str) -> Steps[Ruling]:
    """Decide as ``judge`` does, in steps between which others may have their turn.

    One step, unless an answer is both large and odd: of the usual kind a thousand rows take a moment.
    """
    if not isinstance(result, Answer):
        return _judge_unanswered(result, batch)
    body = result.body
    is_small = may_be_usual(body, batch)  # and its values are counted only if it is not usual
    may_be_read = is_small or is_readable(body, batch)
    usual = judge_usual(result, batch, redact) if may_be_read else None
    if usual is not None:
        return usual
    is_large = len(body) > ONE_STEP
    if is_large:
        yield  # so far it was read once
    if is_small:
        may_be_read = is_readable(body, batch)
    written = read_documented(body) if may_be_read else None
    steps = judge_unusual(result, written, batch, now_unix, redact)
    return (yield from steps) if is_large else finish(steps)


def judge_usual(answer: Answer, batch: Batch, redact: Redact) -> Ruling | None:
    """The ruling on an answer of the usual kind; ``None`` for any other, of which ``judge_unusual`` decides."""
    status = answer.status
    usual = usual_outcomes(answer.body, batch, redact) if 200 <= status < 300 else None
    if usual is None:
        return None
    outcomes, remaining_credits = usual
    return Ruling(outcomes, status_code=status, remaining_credits=remaining_credits, all_accepted=True)


def _reading_of(answer: Answer, written: DocumentedAnswer | None, batch: Batch) -> Steps[Reading]:
    body = answer.body
    reading = None if written is None else reading_of(written, body)
    if reading is None:
        if not is_readable(body, batch):
            return TOO_MUCH if may_tell_of_texts(body) else NOTHING
        reading = yield from read_odd(body)
    if reading is None:
        return NOTHING if answer.packed is None else packed_as(answer.packed)
    return reading if len(reading.rows) <= most_rows(batch) else TOO_MUCH


def _judge_unanswered(result: NotSent | NoAnswer, batch: Batch) -> Ruling:
    rule = first(UNANSWERED, result)
    code = result.code if isinstance(result, NotSent) else Code.NO_ANSWER
    return Ruling(everyone(batch, rule.status, code, result.error), rule.then, rule.tokens)


def judge_unusual(
    answer: Answer, written: DocumentedAnswer | None, batch: Batch, now_unix: float, redact: Redact
) -> Steps[Ruling]:
    """Decide where not everything was accepted, or not in the usual way."""
    whole = yield from _reading_of(answer, written, batch)
    yield
    status = answer.status
    reading = yield from without_doubles(whole)
    found = (yield from match_in_steps(reading, batch.phones)) if status < 500 else Match([])
    yield
    refusal = refusal_of(status, whole)
    fatal = refusal if refusal in STOPPING else None
    if any(row is DISPUTED or (row is not None and _decides(row)) for row in found.rows):
        outcomes, then, tokens = yield from _by_row(found, batch, refusal, redact)
    else:
        outcomes, then, tokens = _as_a_whole(AnswerFacts(status, reading, refusal, len(batch)), batch, redact)
    limited = refusal is Code.RATE_LIMITED and any(o.status is Status.UNSENT for o in outcomes)
    return Ruling(
        outcomes,
        NextStep.DONE if fatal else then,
        tokens,
        fatal,
        status,
        reading.remaining_credits,
        limited,
        retry_after_seconds(answer.retry_after, now_unix) if limited else None,
        whole.is_foreign,
    )


def _decides(row: AnswerRow) -> bool:
    return row.accepted is not None or row.refusal is not None


def _by_row(found: Match, batch: Batch, refusal: Code | None, redact: Redact) -> Steps[Decided]:
    outcomes: list[Outcome] = []
    rules: dict[tuple[object, ...], Rule[NumberFacts]] = {}
    for index, phone, row in zip(batch.indexes, batch.phones, found.rows, strict=True):
        facts = number_facts(DISPUTED if row is None else row, refusal, astray=found.astray)
        if facts.deciding not in rules:
            rules[facts.deciding] = first(BY_ROW, facts)
        outcomes.append(outcome_of_number(index, phone, rules[facts.deciding].status, facts, redact))
        if len(outcomes) % _ROWS_IN_A_STEP == 0:
            yield
    thens = {rule.then for rule in rules.values()}
    then = thens.pop() if len(thens) == 1 else NextStep.DONE  # what is tried again holds nothing but what was not sent
    return outcomes, then, rules[facts.deciding].tokens


def _as_a_whole(facts: AnswerFacts, batch: Batch, redact: Redact) -> Decided:
    rule = first(AS_A_WHOLE, facts)
    return outcomes_of_all(batch, rule, facts, redact), rule.then, rule.tokens
