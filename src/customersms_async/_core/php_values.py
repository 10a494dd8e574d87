"""Single values of an answer: true and false, texts, amounts and phones, in all the ways that PHP writes them.

What can't be read is ``None``, or no digits; nothing is made up.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final

LONGEST_TEXT: Final = 4_000
"""Characters of the gateway's own words that are read: no error message is longer."""

LONGEST_NUMBER: Final = 200
"""Digits of the longest number that is read: beyond it there is no phone and no credit, only work."""

EXACT_DIGITS: Final = 14
"""Digits up to which PHP writes a number with a decimal point or an exponent to the last one: its ``precision``."""

_FLAGS: Final = {1: True, 0: False, "1": True, "0": False, "true": True, "false": False}
_PHONE: Final = re.compile(
    r"[^0-9]*([0-9][0-9\s().\-/\u2010-\u2015\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*)", re.ASCII
)


def as_flag(value: object) -> bool | None:
    """True or false, as a boolean, 1 or 0, or a text of one of these; ``None`` for anything else."""
    if value is True or value is False:
        return value
    if isinstance(value, str):
        value = value.strip().lower()
    if isinstance(value, int | str):
        return _FLAGS.get(value)
    return None


def as_text(value: object) -> str | None:
    """A non-empty text of at most ``LONGEST_TEXT`` characters, on one line; numbers become text."""
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    return " ".join(str(value).split())[:LONGEST_TEXT] or None


def as_amount(value: object) -> Decimal | None:
    """A number, or a text of one, as an exact decimal."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < LONGEST_NUMBER else None


def phone_digits(phone: object) -> str:
    """The digits of a row's phone, without leading zeros (no country code starts with one); empty if unreadable.

    A phone is readable if its digits are all together, with nothing among or after them but what phones are written
    with: in ``+1212***1234``, some are missing.
    """
    if isinstance(phone, str):
        written = _PHONE.fullmatch(phone)
        return re.sub("[^0-9]", "", written[1]).lstrip("0") if written else ""
    number = as_amount(phone)
    if number is None or number <= 0 or number != number.to_integral_value():
        return ""
    return str(int(number)) if isinstance(phone, int) or number.adjusted() < EXACT_DIGITS else ""
