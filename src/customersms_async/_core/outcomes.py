"""Outcomes with their words: the code and the error that go with what became of a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ..models import Code, Outcome, Status
from .outcome_table import NextStep
from .php_values import as_text
from .post_result import CLOSED

if TYPE_CHECKING:
    from .batching import Batch
    from .outcome_facts import AnswerFacts, NumberFacts
    from .outcome_table import Rule

LONGEST_SHOWN: Final = 200
"""Characters of the gateway's own words that an outcome keeps: an HTML page is no error message."""

Redact = Callable[[str], str]
"""Takes out of a text what nobody may see."""


ON_THE_LIST: Final = "the number is on the list of suppressed numbers"
"""What is said of a suppressed number, wherever it is found."""

_OF_URL: Final = "url=… or CUSTOMERSMS_URL"

_DROPPED: Final[dict[str, str]] = {
    Code.CONNECTION_FAILED: CLOSED,
    Code.STOPPED: "not sent, because sending was stopped",
}


def shown(words: str | None, redact: Redact) -> str | None:
    """The gateway's own words as an outcome may keep them: redacted first, and then cut."""
    return words and redact(words)[:LONGEST_SHOWN]


def everyone(batch: Batch, status: Status, code: str | None, error: str) -> list[Outcome]:
    """One outcome for every number of the batch."""
    return [
        Outcome(index, phone, status, None, error, code)
        for index, phone in zip(batch.indexes, batch.phones, strict=True)
    ]


def interrupted(batch: Batch) -> list[Outcome]:
    """The outcome of texts that were on their way when the program was told to end at once."""
    return everyone(batch, Status.UNKNOWN, Code.NO_ANSWER, "the program was interrupted before its outcome was known")


def dropped(batch: Batch, code: str | None) -> list[Outcome]:
    """The outcome of texts that were still to be sent when nothing more could go out, because of ``code``."""
    return everyone(batch, Status.UNSENT, code, _DROPPED.get(code or "", "not sent, because nothing more can go out"))


def outcomes_of_all(batch: Batch, rule: Rule[AnswerFacts], facts: AnswerFacts, redact: Redact) -> list[Outcome]:
    """The outcomes of an answer in which no row decides."""
    error = shown(facts.reading.error, redact) or _error_of_all(rule.status, facts.status)
    return everyone(batch, rule.status, shown(_code_of_all(rule, facts), redact), error)


def _code_of_all(rule: Rule[AnswerFacts], facts: AnswerFacts) -> str:
    if rule.status is Status.UNSENT and facts.stops_everything:
        return str(facts.refusal)
    if rule.then is NextStep.WAIT:
        return Code.RATE_LIMITED
    if facts.reading.code:
        return facts.reading.code
    return Code.UNREADABLE_ANSWER if _is_unreadable(rule.status, facts.status) else f"HTTP_{facts.status}"


def _error_of_all(status: Status, http_status: int) -> str:
    if _is_unreadable(status, http_status):
        return f"the gateway's answer (HTTP status {http_status}) can't be read: see {_OF_URL}, and who answers there"
    if http_status == 404:
        return f"the gateway answered with HTTP status 404: there is no script at {_OF_URL}"
    moved = f": it sends elsewhere, so see {_OF_URL}" if 300 <= http_status < 400 else ""
    return f"the gateway answered with HTTP status {http_status}{moved}"


def _is_unreadable(status: Status, http_status: int) -> bool:
    return status is Status.UNKNOWN and 200 <= http_status < 300


def outcome_of_number(index: int, phone: str, status: Status, facts: NumberFacts, redact: Redact) -> Outcome:
    """The outcome of the number ``phone``, whose place in the input is ``index``, by its own row."""
    row = facts.row
    if status is Status.ACCEPTED:
        return Outcome(index, phone, status, shown(as_text(row.message_id), redact))
    if status is Status.UNKNOWN:
        code: str | None = str(facts.own_refusal) if facts.own_refusal else Code.UNREADABLE_ANSWER
        return Outcome(index, phone, status, None, "the gateway's answer does not say what became of this number", code)
    error = shown(as_text(row.error), redact) or "the gateway refused this number"
    if status is Status.UNSENT:
        return Outcome(index, phone, status, None, error, str(facts.reason))
    message_id, code = shown(as_text(row.message_id), redact), shown(as_text(row.code), redact)
    return Outcome(index, phone, status, message_id, error, code)
