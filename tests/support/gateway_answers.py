"""Answers that a gateway may give, and what each text of a request ends as."""

from __future__ import annotations

import json
from typing import Any

from customersms_async._core.batching import Batch
from customersms_async._core.post_result import Answer
from customersms_async._core.rulings import Ruling, judge
from customersms_async.models import Status

ACCEPTED, REJECTED, UNKNOWN, UNSENT = Status.ACCEPTED, Status.REJECTED, Status.UNKNOWN, Status.UNSENT
ONE = Batch("Hello", ["+12125551234"], [7])
TWO = Batch("Hello", ["+12125551234", "+13235554567"], [3, 5])
NOW = 784_111_770.0  # Sun, 06 Nov 1994 08:49:30 GMT

WARNING = b"<br />\n<b>Warning</b>:  Undefined array key in <b>/api.php</b> on line <b>42</b><br />\n"
FATAL_ERROR = b"<br />\n<b>Fatal error</b>:  Maximum execution time exceeded in <b>/api.php</b><br />\n"
PAGE = b"<html><head><title>Error</title></head><body><h1>Error</h1></body></html>"


def body(**fields: Any) -> bytes:
    """An answer of these fields, as JSON."""
    return json.dumps(fields).encode()


def row(phone: Any, success: Any = True, **more: Any) -> dict[str, Any]:
    """A row of an answer: what became of one number."""
    return {"phone": phone, "success": success, **more}


def answered(status: int, content: bytes = b"", batch: Batch = TWO, retry_after: str | None = None) -> Ruling:
    """The ruling on an answer; it has one outcome for each number, in their order."""
    ruling = judge(Answer(status, content, retry_after), batch, NOW)
    assert [(o.index, o.phone) for o in ruling.outcomes] == list(zip(batch.indexes, batch.phones, strict=True))
    return ruling


def statuses(ruling: Ruling) -> list[Status]:
    """The status of each text, in the order of the numbers."""
    return [outcome.status for outcome in ruling.outcomes]


def the_code(ruling: Ruling) -> str | None:
    """The code that all outcomes share."""
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

BOTH = [ACCEPTED, ACCEPTED]
A, B = row("+12125551234", message_id="msg_123456"), row("+13235554567", message_id="msg_123457")
