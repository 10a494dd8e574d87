"""The body of an answer -> what can be read in it, whatever PHP did to it on the way.

docs/gateway.md lists the odd forms, each seen in the public record of similar gateways: a byte order mark or PHP
warnings ahead of the JSON, numbers as strings, a phone without its ``+``, results out of order, short, or keyed by
index. What can't be read is ``None`` here and "unknown" further up; nothing is made up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence  # noqa: TC003 - msgspec reads the annotations
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

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


DISPUTED: Final = Row()
"""Stands for the rows of a number that contradict each other."""


class Reading(msgspec.Struct, frozen=True):
    """What an answer says. ``positions`` are those of ``rows``, each ``None`` where its row has none.

    ``may_have_sent`` is true unless ``successful_sends`` is absent or zero: the counter outranks ``success: false``.
    """

    success: bool | None
    code: str | None
    error: str | None
    may_have_sent: bool
    remaining_credits: Decimal | None
    rows: list[Row]
    positions: Sequence[int | None]


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


_decode: Final = msgspec.json.Decoder(_Body, float_hook=Decimal).decode
_decode_odd: Final = msgspec.json.Decoder(_OddBody, float_hook=Decimal).decode
_OBJECT: Final = re.compile(r'\{\s*["}]')
_ABSENT: Final = (None, "", 0, "0", Decimal(0), "0.0")


def read(body: bytes) -> Reading | None:
    """What ``body`` says, or ``None`` if it holds no readable answer."""
    try:
        found: _Body = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError):
        odd = _read_odd(body)
        if odd is None:
            return None
        found = odd
    rows, positions = _rows(found.results, odd=isinstance(found, _OddBody))
    return Reading(
        success=flag(found.success),
        code=text(found.code),
        error=text(found.error),
        may_have_sent=found.successful_sends not in _ABSENT,
        remaining_credits=amount(found.remaining_credits),
        rows=rows,
        positions=positions,
    )


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
    """The digits of a row's phone, without leading zeros (no country code starts with one); empty if unreadable."""
    if isinstance(phone, str):
        return re.sub("[^0-9]", "", phone).lstrip("0")
    number = amount(phone)
    return str(int(number)) if number is not None and number == number.to_integral_value() and number > 0 else ""


def match(rows: list[Row], positions: Sequence[int | None], phones: Sequence[str]) -> Sequence[Row | None]:
    """For every number (E.164) the row that speaks of it: ``None`` if there is none, ``DISPUTED`` if two disagree.

    A row belongs to the number with the same digits, or the only one that ends in its digits, if those are seven or
    more. Position counts only for rows without a readable phone. Other rows are ignored.
    """
    if [row.phone for row in rows] == phones:  # as nearly always
        return rows
    found: list[Row | None] = [None] * len(phones)
    places: dict[str, int] = {}
    for position, row in zip(positions, rows, strict=True):
        if position is not None and position < len(phones) and row.phone == phones[position]:
            place: int | None = position
        elif key := digits(row.phone):
            places = places or {phone[1:]: i for i, phone in enumerate(phones)}
            place = places[key] if key in places else _only_ending(key, phones)
        else:
            place = position if position is not None and position < len(phones) else None
        if place is None:
            continue
        other = found[place]
        if other is None:
            found[place] = row
        elif other.accepted is not row.accepted:
            found[place] = DISPUTED
    return found


def _only_ending(key: str, phones: Sequence[str]) -> int | None:
    if len(key) < 7:
        return None
    ending = [i for i, phone in enumerate(phones) if phone.endswith(key)]
    return ending[0] if len(ending) == 1 else None


def _rows(results: Any, *, odd: bool) -> tuple[list[Row], Sequence[int | None]]:
    """The rows and their positions."""
    if isinstance(results, list) and not odd:
        return results, range(len(results))
    entries: Iterable[tuple[int | None, Any]] = ()
    if isinstance(results, dict):
        entries = ((int(k) if k.isascii() and k.isdigit() and len(k) < 10 else None, v) for k, v in results.items())
    elif isinstance(results, list):
        entries = enumerate(results)
    kept = [(position, _row(entry)) for position, entry in entries if isinstance(entry, Row | dict)]
    return [row for _, row in kept], [position for position, _ in kept]


def _row(entry: Row | dict[str, Any]) -> Row:
    return entry if isinstance(entry, Row) else msgspec.convert(entry, Row)


def _read_odd(body: bytes) -> _OddBody | None:
    """The one answer in a body that is not plain JSON of the documented shape; ``None`` if there are two or none.

    The first thing that opens like a JSON object must also end like one: in an answer that was cut in the middle, a
    whole row further in must not pass for the answer. An object with a phone is a row, not an answer.
    """
    page = body.decode("utf-8", errors="replace")
    answers: list[_OddBody] = []
    at = 0
    for _ in range(MOST_OBJECTS):
        opening = _OBJECT.search(page, at)
        if opening is None:
            return answers[0] if len(answers) == 1 else None
        try:
            value, at = _scanner.raw_decode(page, opening.start())
            if isinstance(value, dict) and "phone" not in value and not value.keys().isdisjoint(_NAMES):
                answers.append(_decode_odd(page[opening.start() : at]))
        except (ValueError, ArithmeticError, RecursionError, msgspec.DecodeError):
            return None
    return None


_scanner: Final = json.JSONDecoder()
_NAMES: Final = frozenset({"success", "error", "code", "results"})
