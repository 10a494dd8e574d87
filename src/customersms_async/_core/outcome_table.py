"""The table that decides what became of a text: ``judge`` in ``rulings`` reads it, docs/outcomes.md shows it.

The table has three parts. Of a request without an answer, the first part decides about all texts. Where a row of the
answer decides about any number, the second part decides about each of them; else the third part about all. In each
part the first rule that holds counts, and the last of each holds for everything that is left.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from ..models import Code, Status
from . import provider
from .post_result import OVERDUE, NoAnswer, NotSent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .outcome_facts import AnswerFacts, NumberFacts


class NextStep(enum.Enum):
    """The next step for the texts of a request that were not sent; DONE: there is none."""

    DONE = "done"
    RECONNECT = "reconnect"
    WAIT = "wait"
    HALVE = "halve"


class TokenFate(enum.Enum):
    """The fate of a request's tokens; LAPSE: they settle after its deadline."""

    SETTLE = "settle"
    GIVE_BACK = "give back"
    LAPSE = "lapse"


Facts = TypeVar("Facts")


class Rule(NamedTuple, Generic[Facts]):
    """One line of the table: where ``holds`` says so, texts end as ``status``.

    ``then`` is what comes next, unless the answer refuses the key or the account: nothing does then. ``what`` and
    ``next`` are the words of the documentation; without ``next`` they are those of ``then``.
    """

    what: str
    holds: Callable[[Facts], bool]
    status: Status
    then: NextStep = NextStep.DONE
    tokens: TokenFate = TokenFate.SETTLE
    next: str = ""


UNANSWERED: Final[Sequence[Rule[NotSent | NoAnswer]]] = (
    Rule(
        "the process was stopped, or the machine slept, until the attempt's deadline was over and its first byte had "
        "not left",
        lambda result: result is OVERDUE,
        Status.UNSENT,
        NextStep.RECONNECT,
        TokenFate.GIVE_BACK,
        "in line again for a fresh attempt; in a campaign as *planned*, with an intent of its own",
    ),
    Rule(
        "connection refused, name not found, connect time-out, TLS handshake cut",
        lambda result: isinstance(result, NotSent) and result.again,
        Status.UNSENT,
        NextStep.RECONNECT,
        TokenFate.GIVE_BACK,
    ),
    Rule(
        "TLS certificate refused; a set-up that can't work (proxy, authorities, a port without TLS); held back before "
        "its first byte; the client is closed",
        lambda result: isinstance(result, NotSent),
        Status.UNSENT,
        tokens=TokenFate.GIVE_BACK,
    ),
    Rule(
        "time-out, reset or cancellation once the first byte may be out; an answer that is cut or too long",
        lambda _: True,
        Status.UNKNOWN,
        tokens=TokenFate.LAPSE,
    ),
)
"""The rules where no answer came."""

BY_ROW: Final[Sequence[Rule[NumberFacts]]] = (
    Rule(
        "`success: true`, without a code that refuses the key, the account or the rate",
        lambda number: number.accepted is True and number.own_refusal is None,
        Status.ACCEPTED,
    ),
    Rule("`success: true` together with such a code", lambda number: number.accepted is True, Status.UNKNOWN),
    Rule(
        "neither yes nor no; or there is no row, or there are rows that disagree",
        lambda number: not number.says_no,
        Status.UNKNOWN,
    ),
    Rule(
        "refused for the key, the account or the rate, but a row of success fits none of the numbers",
        lambda number: number.reason is not None and number.astray,
        Status.UNKNOWN,
    ),
    Rule(
        "refused for the rate",
        lambda number: number.reason is Code.RATE_LIMITED,
        Status.UNSENT,
        NextStep.WAIT,
        next="the key rests as after a 429; if the whole request was refused for it, it is retried as one",
    ),
    Rule(
        "refused for the key or the account",
        lambda number: number.reason is not None,
        Status.UNSENT,
        next="everything stops",
    ),
    Rule("`success: false`, otherwise", lambda _: True, Status.REJECTED),
)
"""The rules for each number where a row of an answer decides."""

AS_A_WHOLE: Final[Sequence[Rule[AnswerFacts]]] = (
    Rule(
        "500 and above, refuses the key or the account, and is not doubtful",
        lambda answer: answer.status >= 500 and answer.stops_everything and not answer.is_doubtful,
        Status.UNSENT,
        tokens=TokenFate.LAPSE,
        next="everything stops",
    ),
    Rule("500 and above, otherwise", lambda answer: answer.status >= 500, Status.UNKNOWN, tokens=TokenFate.LAPSE),
    Rule("doubtful, as explained below", lambda answer: answer.is_doubtful, Status.UNKNOWN),
    Rule(
        "code INVALID_API_KEY or INSUFFICIENT_CREDITS at any status; 401, 402",
        lambda answer: answer.stops_everything,
        Status.UNSENT,
        next="everything stops",
    ),
    Rule(
        "413, to more than one number",
        lambda answer: answer.status == provider.TOO_LARGE_STATUS and answer.numbers > 1,
        Status.UNSENT,
        NextStep.HALVE,
    ),
    Rule(
        "429, 425; or code RATE_LIMITED in one of the answers of the next row",
        lambda answer: answer.says_no and answer.refusal is Code.RATE_LIMITED,
        Status.UNSENT,
        NextStep.WAIT,
    ),
    Rule(
        "`success: false` at 200 to 299; 301, 307, 308; 400 to 499 but 408 and 409",
        lambda answer: answer.says_no,
        Status.REJECTED,
    ),
    Rule(
        "200 to 299 that can't be read; 302, 303, 408, 409, and every other status",
        lambda _: True,
        Status.UNKNOWN,
    ),
)
"""The rules for an answer in which no row decides."""


def first(rules: Sequence[Rule[Facts]], facts: Facts) -> Rule[Facts]:
    """The rule that counts: the last one holds for whatever the others leave."""
    place = 0
    while not rules[place].holds(facts):
        place += 1
    return rules[place]


_NEXT: Final = {
    NextStep.DONE: "never retried",
    NextStep.RECONNECT: "retried up to `max_retries`, with jittered backoff",
    NextStep.WAIT: "counts as an attempt and waits as told; beyond `max_retries` or `max_wait`: code RATE_LIMITED",
    NextStep.HALVE: "halved, and each half sent",
}
_TOKENS: Final = {
    TokenFate.SETTLE: "settle now",
    TokenFate.GIVE_BACK: "given back",
    TokenFate.LAPSE: "settle after the deadline",
}


def markdown() -> str:
    """The table in Markdown, as docs/outcomes.md shows it."""
    parts = (
        _part("No answer came", "what happened", UNANSWERED),
        _part("An answer came, and a row of it decides", "the row of a number says", BY_ROW),
        _part("An answer came, and no row decides", "the answer is", AS_A_WHOLE),
    )
    return "\n\n".join(parts)


def _part(title: str, condition: str, rules: Sequence[Rule[Facts]]) -> str:
    return "\n".join(
        (
            f"### {title}",
            "",
            f"| {condition} | texts are | next | tokens |",
            "|---|---|---|---|",
            *(f"| {rule.what} | {rule.status} | {_next(rule)} | {_TOKENS[rule.tokens]} |" for rule in rules),
        )
    )


def _next(rule: Rule[Facts]) -> str:
    return "" if rule.status is Status.ACCEPTED else rule.next or _NEXT[rule.then]
