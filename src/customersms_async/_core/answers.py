"""The body of an answer -> what can be read in it, whatever PHP did to it on the way.

docs/gateway.md lists the odd forms, each seen in the public record of similar gateways: a byte order mark or PHP
warnings ahead of the JSON, numbers as strings, a phone without its ``+``, results out of order, short, or keyed by
index. What can't be read is ``None`` here and "unknown" further up; nothing is made up. ``matching`` says which number
each row speaks of.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

import msgspec

from ..models import Code

LONGEST_TEXT = 4_000
"""Characters of the gateway's own words that are read: no error message is longer."""


MOST_OBJECTS = 100
"""JSON objects that a page is searched through: a body of nothing but ``{}`` would stop the event loop for seconds."""

LONGEST_NUMBER = 200
"""Digits of a number: beyond it there is no phone and no credit, only work to write them all down."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One entry of ``results``, as it came: any field may be of any type."""

    phone: Any = None
    success: Any = None
    message_id: Any = None
    error: Any = None
    code: Any = None

    @property
    def accepted(self) -> bool | None:
        """Whether the gateway took this text; ``None`` if the row doesn't say."""
        return flag(self.success)

    @property
    def account(self) -> Code | None:
        """What the row says about the key or the account, rather than about its number: see ``about_account``."""
        return about_account(self.code)


class Pairs(list[tuple[str, Any]]):
    """A JSON object as it is written: its names and values in their order, a repeated name as often as it is there."""


Entries: TypeAlias = list[tuple[str | None, Any]]
"""Entries of ``results``: each with its key, or ``None`` in a list; the objects among them are ``Pairs``."""


class Reading(msgspec.Struct, frozen=True):
    """What an answer says. ``rows`` are the entries of ``results`` that are objects, in their order.

    ``may_have_sent`` is true unless ``successful_sends`` is absent or zero: the counter outranks ``success: false``.
    ``keyed``: ``results`` is an object. ``tells_more``: it is not empty, whatever is in it. ``may_be_row``: the answer
    stands in a list and has nothing that a row could not have, too. ``source``: the bytes of the answer itself.
    """

    success: bool | None
    code: str | None
    error: str | None
    may_have_sent: bool
    remaining_credits: Decimal | None
    rows: list[Row]
    keyed: bool = False
    tells_more: bool = False
    may_be_row: bool = False
    source: bytes = b""

    def entries(self) -> Entries:
        """Everything in ``results`` once more, with nothing left out and nothing merged; empty if there is a doubt.

        Takes several times as long as the first reading.
        """
        return _entries(self.source)


class _Body(msgspec.Struct, gc=False):
    """The documented shape, with every scalar lax."""

    success: Any = None
    code: Any = None
    error: Any = None
    successful_sends: Any = None
    remaining_credits: Any = None
    results: list[Row] | dict[str, Row] | None = None


class _OddBody(_Body, gc=False):
    """The same, with results of any shape."""

    results: Any = None


class _Found(msgspec.Struct, gc=False):
    """An answer that was searched for, with its own bytes."""

    body: _OddBody
    source: bytes
    may_be_row: bool


_decode: Final = msgspec.json.Decoder(_Body, float_hook=Decimal).decode
_decode_odd: Final = msgspec.json.Decoder(_OddBody, float_hook=Decimal).decode
_OBJECT: Final = re.compile(r'\{\s*["}]')
_ABSENT: Final = (None, "", 0, "0", Decimal(0), "0.0")


def read(body: bytes) -> Reading | None:
    """What ``body`` says, or ``None`` if it holds no readable answer."""
    source, may_be_row = body, False
    try:
        found: _Body = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError):
        odd = _read_odd(body)
        if odd is None:
            return None
        found, source, may_be_row = odd.body, odd.source, odd.may_be_row
    results = found.results
    rows = results if type(found) is _Body and isinstance(results, list) else _rows(results)
    return Reading(
        success=flag(found.success),
        code=text(found.code),
        error=text(found.error),
        may_have_sent=found.successful_sends not in _ABSENT,
        remaining_credits=amount(found.remaining_credits),
        rows=rows,
        keyed=isinstance(results, dict),
        tells_more=bool(results),
        may_be_row=may_be_row,
        source=source,
    )


def without_doubles(reading: Reading) -> Reading:
    """The same answer without the rows in which a name stands twice, or without any, if one does in the answer itself.

    Every reader of JSON takes the last of them. It is asked for only where not all is well, as it costs a tenth of the
    whole reading at least.
    """
    rows = reading.rows
    if reading.source.count(b'"success"') <= len(rows) + (reading.success is not None):
        return reading
    entries = reading.entries()
    kept = [row for _, entry in entries if (row := as_row(entry)) is not None]
    if entries and len(kept) == len(rows):
        return reading  # it was in something else
    return msgspec.structs.replace(reading, rows=kept, tells_more=True)


def as_row(entry: object) -> Row | None:
    """An entry of ``Reading.entries`` as a row; ``None`` for what is none, or has a name twice."""
    if not isinstance(entry, Pairs):
        return None
    fields = dict(entry)
    return msgspec.convert(fields, Row) if len(fields) == len(entry) else None


def about_account(code: object) -> Code | None:
    """The code of a refusal that holds for the whole key or account, however it is written; ``None`` for any other."""
    return None if code is None else _ACCOUNT.get((text(code) or "").upper())


_ACCOUNT: Final = {code.value: code for code in (Code.INVALID_API_KEY, Code.INSUFFICIENT_CREDITS, Code.RATE_LIMITED)}


def flag(value: object) -> bool | None:
    """PHP's many ways to write true and false; ``None`` for anything else."""
    if value is True or value is False:
        return value
    if isinstance(value, str):
        value = value.strip().lower()
    if isinstance(value, int | str):
        return {1: True, 0: False, "1": True, "0": False, "true": True, "false": False}.get(value)
    return None


def text(value: object) -> str | None:
    """A non-empty text of at most ``LONGEST_TEXT`` characters, on one line; numbers become text."""
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    return " ".join(str(value).split())[:LONGEST_TEXT] or None


def amount(value: object) -> Decimal | None:
    """A number, or a text of one, as an exact decimal."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < LONGEST_NUMBER else None


def digits(phone: object) -> str:
    """The digits of a row's phone, without leading zeros (no country code starts with one); empty if unreadable.

    A phone is readable if its digits are all together, with nothing among or after them but what phones are written
    with: in ``+1212***1234``, some are missing.
    """
    if isinstance(phone, str):
        written = _WRITTEN.fullmatch(phone)
        return re.sub("[^0-9]", "", written[1]).lstrip("0") if written else ""
    number = amount(phone)
    if number is None or number <= 0 or number != number.to_integral_value():
        return ""
    return str(int(number)) if isinstance(phone, int) or number.adjusted() < SAFE_DIGITS else ""


SAFE_DIGITS: Final = 14
"""Digits up to which PHP writes a number with a decimal point or an exponent to the last one: its ``precision``."""

_WRITTEN: Final = re.compile(
    r"[^0-9]*([0-9][0-9\s().\-/\u2010-\u2015\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*)", re.ASCII
)


def _entries(source: bytes) -> Entries:
    try:
        answer = _scan_pairs(source.decode("utf-8", "replace").strip())
    except (ValueError, ArithmeticError, RecursionError):
        return []
    if not isinstance(answer, Pairs) or len(dict(answer)) < len(answer):
        return []
    results = dict(answer).get("results")
    if isinstance(results, Pairs):
        return list(results)
    return [(None, entry) for entry in results] if isinstance(results, list) else []


def _rows(results: Any) -> list[Row]:
    """The rows among ``results`` of any shape."""
    entries = results.values() if isinstance(results, dict) else results if isinstance(results, list) else ()
    return [_row(entry) for entry in entries if isinstance(entry, Row | dict)]


def _row(entry: Row | dict[str, Any]) -> Row:
    return entry if isinstance(entry, Row) else msgspec.convert(entry, Row)


def _read_odd(body: bytes) -> _Found | None:
    """The one answer in a body that is not plain JSON of the documented shape; ``None`` if there are two or none.

    The first thing that opens like a JSON object must also end like one: in an answer that was cut in the middle, a
    whole row further in must not pass for the answer. An object with a phone is a row, not an answer.
    """
    page = body.decode("utf-8", errors="replace")
    answers: list[_Found] = []
    at = 0
    for _ in range(MOST_OBJECTS):
        opening = _OBJECT.search(page, at)
        if opening is None:
            return answers[0] if len(answers) == 1 else None
        try:
            value, at = _scanner.raw_decode(page, opening.start())
            if isinstance(value, dict) and "phone" not in value and not value.keys().isdisjoint(_NAMES):
                source = page[opening.start() : at].encode()
                before = page[max(0, opening.start() - 100) : opening.start()]
                may_be_row = value.keys().isdisjoint(_OF_ANSWERS) and before.rstrip().endswith("[")
                answers.append(_Found(_decode_odd(source), source, may_be_row))
        except (ValueError, ArithmeticError, RecursionError, msgspec.DecodeError):
            return None
    return None


_scanner: Final = json.JSONDecoder()
_scan_pairs: Final = json.JSONDecoder(object_pairs_hook=Pairs, parse_float=Decimal).decode
_NAMES: Final = frozenset({"success", "error", "code", "results"})
_OF_ANSWERS: Final = frozenset({"results", "total_numbers", "successful_sends", "failed_sends", "remaining_credits"})
