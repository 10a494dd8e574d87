"""The gateway's language: bytes of a request; what happened -> what became of each text.

``judge`` is the one place that decides whether a text was sent, by the table in docs/outcomes.md.

Promise 2: *A text that may have been sent is never sent again unless a person says so: every recipient ends as
accepted, rejected, unsent or unknown, and unknown is never guessed away.*
"""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Callable
from datetime import UTC
from decimal import Decimal  # noqa: TC003 - msgspec reads the annotations
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from ..models import Code, Outcome, Status
from .answers import Reading, Row, about_account, read, text, without_doubles
from .matching import DISPUTED, Match, match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .batching import Batch


class _Request(msgspec.Struct, gc=False):
    api_key: str
    phone: Sequence[str]
    message: str


_encode: Final = msgspec.json.Encoder().encode


def encode(api_key: str, phones: Sequence[str], message: str) -> bytes:
    """The body of a request for one text to ``phones`` (E.164, one or more), which always go out as an array.

    Raises ``UnicodeEncodeError`` for a text with a lone surrogate, which no JSON can carry.
    """
    return _encode(
        _Request(api_key, phones, str.__str__(message))
    )  # of a subclass, such as a template engine's: itself


class Answer(NamedTuple):
    """An HTTP answer came, whole: ``retry_after`` is that header's text."""

    status: int
    body: bytes
    retry_after: str | None = None


class NotSent(NamedTuple):
    """Provably no byte of the request left this machine; ``again`` if another try may do better."""

    error: str
    code: str = Code.CONNECTION_FAILED
    again: bool = True


CLOSED: Final = "the client is closed"
"""The error of what was still to be sent then; its code is CONNECTION_FAILED."""


class NoAnswer(NamedTuple):
    """The first byte may have left, and no whole answer came back."""

    error: str


Happened = Answer | NotSent | NoAnswer


class Then(enum.Enum):
    """What to do next about the texts of a request that were not sent; DONE: nothing."""

    DONE = "done"
    RECONNECT = "reconnect"
    WAIT = "wait"
    HALVE = "halve"


class Tokens(enum.Enum):
    """What becomes of the request's tokens; LAPSE: they settle after its deadline."""

    SETTLE = "settle"
    GIVE_BACK = "give back"
    LAPSE = "lapse"


class Ruling(msgspec.Struct, frozen=True):
    """What became of one request. ``outcomes`` has one entry for each number of the batch, in its order.

    ``fatal`` is the code that makes every further request pointless. ``limited``: the gateway refused texts because the
    key has sent too much. ``retry_after`` (seconds) is what it asked for then, ``None`` if it can't be read.
    """

    outcomes: list[Outcome]
    then: Then = Then.DONE
    tokens: Tokens = Tokens.SETTLE
    fatal: Code | None = None
    status_code: int | None = None
    remaining_credits: Decimal | None = None
    limited: bool = False
    retry_after: float | None = None


FATAL: Final = {401: Code.INVALID_API_KEY, 402: Code.INSUFFICIENT_CREDITS}
"""What makes every further request pointless, with the HTTP status that says the same."""

_STOPPING: Final = frozenset(FATAL.values())
_REDIRECTED = frozenset({301, 307, 308})  # the script did not run; 302 and 303 are what it may send after its work
_UNCERTAIN = frozenset({408, 409})  # the script may have run
_LATER = frozenset({425, 429})


SHOWN_TEXT = 200
"""Characters of the gateway's own words that an outcome keeps: an HTML page is no error message."""

Redact = Callable[[str], str]


def judge(happened: Happened, batch: Batch, now_unix: float, redact: Redact = str) -> Ruling:
    """Decide what became of every text of ``batch``; ``now_unix`` (seconds) is for a ``Retry-After`` date.

    ``redact`` takes out of the gateway's words what nobody may see; they are cut to ``SHOWN_TEXT`` after it.
    """
    if isinstance(happened, NotSent):
        then = Then.RECONNECT if happened.again else Then.DONE
        return Ruling(everyone(batch, Status.UNSENT, happened.code, happened.error), then, Tokens.GIVE_BACK)
    if isinstance(happened, NoAnswer):
        return Ruling(everyone(batch, Status.UNKNOWN, Code.NO_ANSWER, happened.error), tokens=Tokens.LAPSE)
    reading = read(happened.body) or _NOTHING
    found = match(reading, batch.phones) if happened.status < 500 else Match([])
    ids = _plain_ids(reading.rows, redact) if found.rows is reading.rows else None
    if ids is None:
        return _judge_odd(happened, reading, batch, now_unix, redact)
    account = FATAL.get(happened.status) or about_account(reading.code)
    return Ruling(
        list(map(Outcome, batch.indexes, batch.phones, itertools.repeat(Status.ACCEPTED), ids)),
        fatal=account if account in _STOPPING else None,
        status_code=happened.status,
        remaining_credits=reading.remaining_credits,
    )


def _judge_odd(happened: Answer, whole: Reading, batch: Batch, now_unix: float, redact: Redact) -> Ruling:
    """Decide where not everything was accepted, or not in the usual way."""
    status, reading = happened.status, without_doubles(whole)
    found = match(reading, batch.phones) if status < 500 else Match([])
    account = _refusal(status, whole)
    fatal = account if account in _STOPPING else None
    if any(row is DISPUTED or (row is not None and _decides(row)) for row in found.rows):
        outcomes = _by_row(found, batch, account, redact)
        then = Then.WAIT if all(o.status is Status.UNSENT for o in outcomes) and not fatal else Then.DONE
    else:
        verdict, then = _without_rows(status, reading, account, len(batch))
        code = str(fatal) if verdict is Status.UNSENT and fatal else _code(verdict, then, status, reading)
        error = _shown(reading.error, redact) or _describe(status, verdict)
        outcomes = everyone(batch, verdict, _shown(code, redact), error)
    limited = account is Code.RATE_LIMITED and any(o.status is Status.UNSENT for o in outcomes)
    return Ruling(
        outcomes,
        then,
        Tokens.LAPSE if status >= 500 else Tokens.SETTLE,
        fatal,
        status,
        reading.remaining_credits,
        limited,
        retry_after_seconds(happened.retry_after, now_unix) if limited else None,
    )


def _refusal(status: int, reading: Reading) -> Code | None:
    """Why the whole key or account is refused, wherever the answer says so: what stops everything goes first."""
    of_all = [FATAL.get(status), about_account(reading.code)]
    codes = [*of_all, *(row.account for row in reading.rows), Code.RATE_LIMITED if status in _LATER else None]
    return next((code for code in codes if code in _STOPPING), None) or next(filter(None, codes), None)


def _decides(row: Row) -> bool:
    return row.accepted is not None or row.account is not None


def _without_rows(status: int, reading: Reading, account: Code | None, numbers: int) -> tuple[Status, Then]:
    fatal = account in _STOPPING
    of_few = reading.tells_more or (reading.may_be_row and numbers > 1)  # the script ran, and who knows for whom
    if of_few or reading.may_have_sent or (reading.success and (fatal or status >= 300)):
        return Status.UNKNOWN, Then.DONE
    if fatal:
        return Status.UNSENT, Then.DONE
    if status in _LATER:
        return Status.UNSENT, Then.WAIT
    if status == 413 and numbers > 1:
        return Status.UNSENT, Then.HALVE
    is_final = 400 <= status < 500 and status not in _UNCERTAIN
    if is_final or status in _REDIRECTED or (200 <= status < 300 and reading.success is False):
        return (Status.UNSENT, Then.WAIT) if account is Code.RATE_LIMITED else (Status.REJECTED, Then.DONE)
    return Status.UNKNOWN, Then.DONE


def _by_row(found: Match, batch: Batch, account: Code | None, redact: Redact) -> list[Outcome]:
    """Each number by its own row; ``account`` is why rows were refused that give no code of their own.

    With an accepted text astray, none is known to be unsent: what is unsent may be sent again.
    """
    outcomes = []
    for index, phone, row in zip(batch.indexes, batch.phones, found.rows, strict=True):
        if row is None:
            outcomes.append(Outcome(index, phone, Status.UNKNOWN, None, _SAYS_NOTHING, Code.UNREADABLE_ANSWER))
            continue
        own = row.account
        status = _status_of(row, own, account)
        if status is Status.UNSENT and found.astray:
            status = Status.UNKNOWN
        message_id, said, code = (_shown(text(value), redact) for value in (row.message_id, row.error, row.code))
        if status is Status.ACCEPTED:
            outcomes.append(Outcome(index, phone, status, message_id))
        elif status is Status.UNKNOWN:
            code = str(own) if own else Code.UNREADABLE_ANSWER
            outcomes.append(Outcome(index, phone, status, None, _SAYS_NOTHING, code))
        else:
            if status is Status.UNSENT:
                message_id, code = None, str(own or account)
            outcomes.append(Outcome(index, phone, status, message_id, said or "the gateway refused this number", code))
    return outcomes


_SAYS_NOTHING: Final = "the gateway's answer does not say what became of this number"


def _status_of(row: Row, own: Code | None, account: Code | None) -> Status:
    accepted = row.accepted
    if accepted is None and own is not None and row.success in _UNSAID and row.message_id is None:
        return Status.UNSENT
    if accepted is None or (accepted and own is not None):
        return Status.UNKNOWN
    if accepted:
        return Status.ACCEPTED
    return Status.UNSENT if own is not None or (account is not None and text(row.code) is None) else Status.REJECTED


_UNSAID: Final = (None, "")


def _plain_ids(rows: Sequence[Row], redact: Redact) -> list[str] | None:
    """The ids of an answer of the usual kind: every text accepted, every id a word that needs no cleaning.

    Tested in one go, at a tenth of the cost; ``None`` for any other answer.
    """
    ids = [row.message_id for row in rows if row.success is True and row.code is None]
    if len(ids) < len(rows) or not all(ids):
        return None
    try:
        words = "".join(ids)
    except TypeError:  # not all of them are text
        return None
    is_plain = words.split() == [words] and max(map(len, ids)) <= SHOWN_TEXT and redact(words) == words
    return ids if is_plain else None


def _shown(words: str | None, redact: Redact) -> str | None:
    return words and redact(words)[:SHOWN_TEXT]


def everyone(batch: Batch, status: Status, code: str | None, error: str) -> list[Outcome]:
    """The same outcome for every number of the batch."""
    return [
        Outcome(index, phone, status, None, error, code)
        for index, phone in zip(batch.indexes, batch.phones, strict=True)
    ]


def dropped(batch: Batch, code: str | None) -> list[Outcome]:
    """The outcome of texts that were still to be sent when nothing more could go out, because of ``code``."""
    error = CLOSED if code == Code.CONNECTION_FAILED else "not sent, because nothing more can go out"
    return everyone(batch, Status.UNSENT, code, error)


def _code(verdict: Status, then: Then, status: int, reading: Reading) -> str:
    if then is Then.WAIT:
        return Code.RATE_LIMITED
    if reading.code:
        return reading.code
    return Code.UNREADABLE_ANSWER if verdict is Status.UNKNOWN and 200 <= status < 300 else f"HTTP_{status}"


def _describe(status: int, verdict: Status) -> str:
    if verdict is Status.UNKNOWN and 200 <= status < 300:
        return "the gateway's answer can't be read"
    elsewhere = ": there is no script at url=… or CUSTOMERSMS_URL" if status == 404 else ""
    return f"the gateway answered with HTTP status {status}{elsewhere}"


def retry_after_seconds(value: str | None, now_unix: float) -> float | None:
    """The wait that a ``Retry-After`` header asks for, in seconds or as an HTTP date; ``None`` if it can't be read."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value.strip()):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
        return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now_unix)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


_NOTHING: Final = Reading(None, None, None, may_have_sent=False, remaining_credits=None, rows=[])
