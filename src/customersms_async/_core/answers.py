"""The body of an answer, read for what it says, whatever PHP did to it on the way.

docs/gateway.md lists the odd forms, each seen in the public record of similar gateways: a byte order mark or PHP
warnings ahead of the JSON, numbers as strings, a phone without its ``+``, results out of order, short, or keyed by
index. What can't be read is ``None`` here and "unknown" further up; nothing is made up. ``matching`` says which number
each row speaks of.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .answer_rows import AnswerRow, WrittenAnswer, row_of
from .answer_search import find_answer
from .php_values import as_amount, as_flag, as_text
from .steps import finish

if TYPE_CHECKING:
    from .steps import Steps


class Reading(msgspec.Struct, frozen=True):
    """The contents of an answer. ``rows`` are the entries of ``results`` that are objects, in their order.

    ``may_have_sent`` is true unless ``successful_sends`` is absent or zero: the counter outranks ``success: false``.
    ``keyed``: ``results`` is an object. ``has_results``: it is not empty, whatever is in it. ``may_be_row``: the answer
    stands in a list and has nothing that a row could not have, too. ``written``: the answer itself.
    """

    success: bool | None
    code: str | None
    error: str | None
    may_have_sent: bool
    remaining_credits: Decimal | None
    rows: list[AnswerRow]
    keyed: bool = False
    has_results: bool = False
    may_be_row: bool = False
    written: WrittenAnswer = WrittenAnswer(b"")

    @property
    def is_foreign(self) -> bool:
        """Whether it is not the gateway's own answer, which says ``success`` of everything or in rows."""
        return self.success is None and not self.rows


NOTHING: Final = Reading(None, None, None, may_have_sent=False, remaining_credits=None, rows=[])
"""The reading of an answer that can't be read."""

TOO_MUCH: Final = msgspec.structs.replace(
    NOTHING, error="the gateway's answer is far larger than the request, and was not read", has_results=True
)
"""The reading of an answer that is not read for its size, though it may tell of texts: see ``answer_bounds``."""


def packed_as(encoding: str) -> Reading:
    """The reading of an answer that can't be unpacked."""
    error = f"the gateway's answer is packed in a way that can't be read ({' '.join(encoding.split())[:40]})"
    return msgspec.structs.replace(NOTHING, error=error)


class DocumentedAnswer(msgspec.Struct, gc=False):
    """An answer in its documented shape, with every scalar lax."""

    success: Any = None
    code: Any = None
    error: Any = None
    successful_sends: Any = None
    remaining_credits: Any = None
    results: list[AnswerRow] | dict[str, AnswerRow] | None = None


class _OddAnswer(DocumentedAnswer, gc=False):
    """An answer with results of any shape."""

    results: Any = None


_decode: Final = msgspec.json.Decoder(DocumentedAnswer, float_hook=Decimal).decode
_decode_odd: Final = msgspec.json.Decoder(_OddAnswer, float_hook=Decimal).decode
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError)
"""What decoding raises of a body that is no JSON, or of another shape than was asked for."""

_NONE_SENT: Final = (None, "", 0, "0", Decimal(0), "0.0")


def read(body: bytes) -> Reading | None:
    """The contents of ``body``, or ``None`` if it holds no readable answer."""
    return finish(read_in_steps(body))


def read_documented(body: bytes) -> DocumentedAnswer | None:
    """An answer of the documented shape, its scalars as they came; ``None`` for any other."""
    try:
        answer: DocumentedAnswer = _decode(body)
    except UNREADABLE:
        return None
    return answer


def read_in_steps(body: bytes) -> Steps[Reading | None]:
    """The contents of ``body`` as from ``read``: in one step, if it is an answer of the documented shape."""
    written = read_documented(body)
    return (yield from read_odd(body)) if written is None else reading_of(written, body)


def reading_of(written: DocumentedAnswer, body: bytes) -> Reading:
    """The contents of ``body``, of which ``read_documented`` gave this."""
    results = written.results
    return _reading(written, list(results.values() if isinstance(results, dict) else results or ()), body)


def read_odd(body: bytes) -> Steps[Reading | None]:
    """The contents of an answer of another shape than the documented one, or ``None``."""
    yield
    found = yield from find_answer(body)
    if found is None:
        return None
    yield
    try:
        answer = _decode_odd(found.source)
    except UNREADABLE:
        return None
    return _reading(answer, _rows(answer.results), found.source, may_be_row=found.may_be_row)


def _reading(answer: DocumentedAnswer, rows: list[AnswerRow], source: bytes, *, may_be_row: bool = False) -> Reading:
    results = answer.results
    return Reading(
        success=as_flag(answer.success),
        code=as_text(answer.code),
        error=as_text(answer.error),
        may_have_sent=answer.successful_sends not in _NONE_SENT,
        remaining_credits=as_amount(answer.remaining_credits),
        rows=rows,
        keyed=isinstance(results, dict),
        has_results=bool(results),
        may_be_row=may_be_row,
        written=WrittenAnswer(source),
    )


def _rows(results: Any) -> list[AnswerRow]:
    """The rows among ``results`` of any shape."""
    entries = results.values() if isinstance(results, dict) else results if isinstance(results, list) else ()
    return [row_of(entry) for entry in entries if isinstance(entry, dict)]


def without_doubles(reading: Reading) -> Steps[Reading]:
    """An answer without the rows in which a name stands twice, and without any if one does in the answer itself.

    Every reader of JSON takes the last of two. Asked for only where not all is well, as it costs a tenth of the whole
    reading at least.
    """
    rows = reading.rows
    if reading.written.source.count(b'"success"') <= len(rows) + (reading.success is not None):
        return reading
    entries = yield from reading.written.entries_in_steps()
    kept = [row for row in reading.written.rows if row is not None]
    if entries and len(kept) == len(rows):
        return reading  # it was in something else
    return msgspec.structs.replace(reading, rows=kept, has_results=True)
