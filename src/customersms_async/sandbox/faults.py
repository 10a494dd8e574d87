"""Every way in which the sandbox can misbehave: one enum and one table of data.

A fault spoils one row of an answer, its body, its status, its time, or the connection. It is chosen for a request
by a schedule (see ``schedule``) or by a magic number among its recipients (see ``magic``); the schedule goes first.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class Spoils(enum.Enum):
    """The part of an exchange that a fault spoils."""

    ROW = "row"
    BODY = "body"
    STATUS = "status"
    TIME = "time"
    CONNECTION = "connection"


class Fault(enum.Enum):
    """One misbehaviour; its value is the end of its magic number, +1500555xxxx.

    Example:
        ```python
        sandbox = Sandbox()
        sandbox.misbehave([Fault.STATUS_502, None, (Fault.SLOW, 2.0)])  # the 1st and the 3rd request from now on
        ```
    """

    ROW_REJECTED = "0001"
    ROW_REJECTED_WITHOUT_CODE = "0002"
    ROW_REJECTED_WITH_ID = "0003"
    ROW_NO_CREDITS = "0004"
    ROW_MISSING = "0005"
    ROW_PHONE_AS_NUMBER = "0006"
    ROW_WITHOUT_ID = "0007"
    ROW_ID_AS_NUMBER = "0008"
    ROW_SUCCESS_AS_TEXT = "0009"
    ROW_TWICE = "0010"
    ROW_CONTRADICTED = "0011"
    ROW_EXTRA = "0012"
    ROW_KEY_REFUSED = "0013"
    ROW_RATE_LIMITED = "0014"

    BOM = "1001"
    PHP_WARNING = "1002"
    TEXT_HTML = "1003"
    NUMBERS_AS_TEXT = "1004"
    PHONES_AS_NUMBERS = "1005"
    RESULTS_REVERSED = "1006"
    RESULTS_SHORT = "1007"
    RESULTS_KEYED = "1008"
    RESULTS_MISSING = "1009"
    COUNTERS_WRONG = "1010"
    FAILURE_BUT_SENT = "1011"
    HTML_FATAL = "1012"
    EMPTY_BODY = "1013"
    JSON_CUT = "1014"
    NOT_AN_OBJECT = "1015"
    HUGE_BODY = "1016"
    GZIP_BOMB = "1017"

    CLOSE_BEFORE = "1101"
    CLOSE_DURING = "1102"
    CLOSE_AFTER = "1103"
    CUT_IN_HEADERS = "1104"
    CUT_IN_BODY = "1105"
    RESET_BEFORE = "1106"
    RESET_AFTER = "1107"
    IDLE_CLOSED = "1108"
    EARLY_HINTS = "1109"
    ENDLESS_BODY = "1110"

    STATUS_301 = "1301"
    STATUS_302 = "1302"
    STATUS_303 = "1303"
    STATUS_307 = "1307"
    STATUS_308 = "1308"
    STATUS_400 = "1400"
    STATUS_401 = "1401"
    STATUS_402 = "1402"
    STATUS_403 = "1403"
    STATUS_404 = "1404"
    STATUS_408 = "1408"
    STATUS_409 = "1409"
    STATUS_413 = "1413"
    STATUS_425 = "1425"
    STATUS_429 = "1429"
    STATUS_500 = "1500"
    STATUS_502 = "1502"
    STATUS_503 = "1503"
    STATUS_504 = "1504"

    RETRY_AFTER_MISSING = "1901"
    RETRY_AFTER_DATE = "1902"
    RETRY_AFTER_NONSENSE = "1903"
    SLOW = "1904"


class Effect(msgspec.Struct, frozen=True):
    """The damage that one fault does, as data.

    ``sent``: the texts were accepted (and paid for) all the same. ``read``: the request counts as read.
    ``seconds``: the default of the number that the fault takes, or ``None`` if it takes none; ``says`` tells what
    the number means. ``retry_after``: the form of that header.
    """

    spoils: Spoils
    says: str
    sent: bool = True
    read: bool = True
    status: int = 200
    seconds: float | None = None
    retry_after: str | None = None


def _row(says: str, *, sent: bool = True) -> Effect:
    return Effect(Spoils.ROW, says, sent=sent)


def _body(says: str) -> Effect:
    return Effect(Spoils.BODY, says)


def _connection(says: str, *, sent: bool = True, read: bool = True, seconds: float | None = None) -> Effect:
    return Effect(Spoils.CONNECTION, says, sent=sent, read=read, seconds=seconds)


def _status(status: int, says: str, *, sent: bool = False, retry_after: str | None = None) -> Effect:
    seconds = 1.0 if retry_after in {"seconds", "date"} else None
    return Effect(Spoils.STATUS, says, sent=sent, status=status, seconds=seconds, retry_after=retry_after)


EFFECTS: Final[Mapping[Fault, Effect]] = {
    Fault.ROW_REJECTED: _row("the row is refused: INVALID_NUMBER", sent=False),
    Fault.ROW_REJECTED_WITHOUT_CODE: _row("the row is refused: success false and nothing more", sent=False),
    Fault.ROW_REJECTED_WITH_ID: _row("the row is refused, with a code and a message_id", sent=False),
    Fault.ROW_NO_CREDITS: _row("the row is refused: INSUFFICIENT_CREDITS", sent=False),
    Fault.ROW_MISSING: _row("no row for this number"),
    Fault.ROW_PHONE_AS_NUMBER: _row("the row's phone is a JSON number, without its +"),
    Fault.ROW_WITHOUT_ID: _row("the row has no message_id"),
    Fault.ROW_ID_AS_NUMBER: _row("the row's message_id is a JSON number"),
    Fault.ROW_SUCCESS_AS_TEXT: _row('the row\'s success is the string "1"'),
    Fault.ROW_TWICE: _row("the same row twice"),
    Fault.ROW_CONTRADICTED: _row("a second row for the number says that it failed"),
    Fault.ROW_EXTRA: _row("a further row, for a number that nobody asked for"),
    Fault.ROW_KEY_REFUSED: _row("the row is refused: INVALID_API_KEY", sent=False),
    Fault.ROW_RATE_LIMITED: _row("the row is refused: RATE_LIMITED", sent=False),
    Fault.BOM: _body("a byte order mark ahead of the JSON"),
    Fault.PHP_WARNING: _body("PHP warnings in HTML ahead of the JSON, under text/html"),
    Fault.TEXT_HTML: _body("the JSON under text/html"),
    Fault.NUMBERS_AS_TEXT: _body("numbers and booleans as strings"),
    Fault.PHONES_AS_NUMBERS: _body("all phones as JSON numbers, without their +"),
    Fault.RESULTS_REVERSED: _body("results in reverse order"),
    Fault.RESULTS_SHORT: _body("the later half of the results is missing"),
    Fault.RESULTS_KEYED: _body("results as an object keyed by index"),
    Fault.RESULTS_MISSING: _body("no results at all"),
    Fault.COUNTERS_WRONG: _body("counters that contradict the rows: all failed"),
    Fault.FAILURE_BUT_SENT: _body("success false with an error, yet successful_sends above 0"),
    Fault.HTML_FATAL: _body("200 with a PHP fatal error in HTML"),
    Fault.EMPTY_BODY: _body("200 with an empty body"),
    Fault.JSON_CUT: _body("200 with the JSON cut in the middle"),
    Fault.NOT_AN_OBJECT: _body("200 with a JSON list in place of the object"),
    Fault.HUGE_BODY: _body("100 MB of spaces ahead of the JSON"),
    Fault.GZIP_BOMB: _body("the same 100 MB, in 100 kB of gzip"),
    Fault.CLOSE_BEFORE: _connection("closed as the first bytes come", sent=False, read=False),
    Fault.CLOSE_DURING: _connection("closed after the headers, before the body is read", sent=False, read=False),
    Fault.CLOSE_AFTER: _connection("closed after the request was read, without an answer"),
    Fault.CUT_IN_HEADERS: _connection("closed in the middle of the answer's headers"),
    Fault.CUT_IN_BODY: _connection("closed in the middle of the answer's body"),
    Fault.RESET_BEFORE: _connection("reset (RST) as the first bytes come", sent=False, read=False),
    Fault.RESET_AFTER: _connection("reset (RST) after the request was read"),
    Fault.IDLE_CLOSED: _connection("answered, then closed after so many idle seconds", seconds=0.0),
    Fault.EARLY_HINTS: _connection("a 103 ahead of the answer"),
    Fault.ENDLESS_BODY: _connection("a body of spaces that never ends"),
    Fault.STATUS_301: _status(301, "moved, to the other path"),
    Fault.STATUS_302: _status(302, "found, at the other path", sent=True),
    Fault.STATUS_303: _status(303, "see the other path", sent=True),
    Fault.STATUS_307: _status(307, "moved for now, to the other path"),
    Fault.STATUS_308: _status(308, "moved for good, to the other path"),
    Fault.STATUS_400: _status(400, "bad request, as HTML"),
    Fault.STATUS_401: _status(401, "unauthorized, as HTML"),
    Fault.STATUS_402: _status(402, "payment required, as HTML"),
    Fault.STATUS_403: _status(403, "forbidden, as HTML"),
    Fault.STATUS_404: _status(404, "not found, as HTML"),
    Fault.STATUS_408: _status(408, "request time-out, as HTML"),
    Fault.STATUS_409: _status(409, "conflict, as HTML", sent=True),
    Fault.STATUS_413: _status(413, "too large, as HTML"),
    Fault.STATUS_425: _status(425, "too early, Retry-After in seconds", retry_after="seconds"),
    Fault.STATUS_429: _status(429, "too many requests, Retry-After in seconds", retry_after="seconds"),
    Fault.STATUS_500: _status(500, "internal error, after the script had sent", sent=True),
    Fault.STATUS_502: _status(502, "bad gateway, while the script runs on", sent=True),
    Fault.STATUS_503: _status(503, "unavailable, Retry-After in seconds", retry_after="seconds"),
    Fault.STATUS_504: _status(504, "gateway time-out, while the script runs on", sent=True),
    Fault.RETRY_AFTER_MISSING: _status(429, "too many requests, no Retry-After"),
    Fault.RETRY_AFTER_DATE: _status(429, "too many requests, Retry-After as an HTTP date", retry_after="date"),
    Fault.RETRY_AFTER_NONSENSE: _status(429, "too many requests, Retry-After: soon", retry_after="soon"),
    Fault.SLOW: Effect(Spoils.TIME, "answered so many seconds late", seconds=1.0),
}
"""Every fault and its effect."""

UNANSWERED: Final = frozenset(
    {
        Fault.CLOSE_BEFORE,
        Fault.CLOSE_DURING,
        Fault.CLOSE_AFTER,
        Fault.CUT_IN_HEADERS,
        Fault.RESET_BEFORE,
        Fault.RESET_AFTER,
    }
)
"""The faults that end the connection before the status of an answer is known."""
