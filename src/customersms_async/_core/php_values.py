"""Single values of an answer: true and false, texts, amounts and phones, in all the ways that PHP writes them.

What can't be read is ``None``, or no digits; nothing is made up.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final

LONGEST_TEXT: Final = 500
"""Characters of the gateway's own words that are read: more than twice what an outcome keeps of them."""

LONGEST_NUMBER: Final = 200
"""Digits of the longest number that is read, and characters of the longest phone or amount: beyond it there is none of
these, only work."""

_MOST_SPACED: Final = 2 * LONGEST_TEXT
"""Characters of a text that are looked at, white space included."""

_MOST_WORDS: Final = LONGEST_TEXT // 2 + 1
"""Words of one letter that fill a text, with a space after each."""

EXACT_DIGITS: Final = 14
"""Digits up to which PHP writes a number with a decimal point or an exponent to the last one: its ``precision``."""

_BEYOND: Final = 10**LONGEST_NUMBER

_FLAGS: Final = {1: True, 0: False, "1": True, "0": False, "true": True, "false": False}
_LONGEST_FLAG: Final = len("false")
NO_DIGITS: Final = bytes(set(range(128)) - set(b"0123456789"))
"""Every ASCII character that is no digit."""

_PHONE: Final = re.compile(
    r"[^0-9]*[0-9][0-9\s().\-/\u2010-\u2015\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*", re.ASCII
)


def as_flag(value: object) -> bool | None:
    """True or false, as a boolean, 1 or 0, or a text of one of these; ``None`` for anything else."""
    if value is True or value is False:
        return value
    if isinstance(value, str):
        word = value.strip()
        value = word.lower() if len(word) <= _LONGEST_FLAG else None  # which takes long for some letters
    if isinstance(value, int | str):
        return _FLAGS.get(value)
    return None


def as_text(value: object) -> str | None:
    """A non-empty text of at most ``LONGEST_TEXT`` characters, on one line; numbers become text."""
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    text = str(value)
    head = text[:LONGEST_TEXT]
    if head.isprintable() and "  " not in head and head.strip() == head:  # as nearly always: nothing to do
        return head or None
    return " ".join(text[:_MOST_SPACED].split(None, _MOST_WORDS)[:_MOST_WORDS])[:LONGEST_TEXT] or None


def as_amount(value: object) -> Decimal | None:
    """A number, or a text of one, as an exact decimal."""
    if type(value) is int and -_BEYOND < value < _BEYOND:  # as nearly always
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    if isinstance(value, str) and len(value) > LONGEST_NUMBER:
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < LONGEST_NUMBER else None


def all_digits(text: str) -> str:
    """The digits of a text, whatever is between them."""
    return text.encode("ascii", "ignore").translate(None, NO_DIGITS).decode()


def phone_digits(phone: object) -> str:
    """The digits of a row's phone, without leading zeros (no country code starts with one); empty if unreadable.

    A phone is readable if its digits are all together, with nothing among or after them but what phones are written
    with: in ``+1212***1234``, some are missing.
    """
    if isinstance(phone, str):
        written = len(phone) <= LONGEST_NUMBER and _PHONE.fullmatch(phone)
        return all_digits(phone).lstrip("0") if written else ""
    if isinstance(phone, int) and not isinstance(phone, bool):
        return str(phone) if 0 < phone < _BEYOND else ""
    number = as_amount(phone)
    if number is None or number <= 0 or number.adjusted() >= EXACT_DIGITS or number != number.to_integral_value():
        return ""
    return str(int(number))
