"""A text becomes one phone number in E.164 form, or a reason why it is not one.

Only what cannot change the number is removed. Whatever might mean another number, two numbers or a damaged one
is refused, as a text to a stranger can't be taken back, and a refused recipient is seen and put right.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import TYPE_CHECKING, Final

from ..errors import ConfigurationError, InvalidRecipientError
from .calling_codes import TRUNK_ZERO, ZERO_KEPT, calling_code

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["are_clean", "mask", "parse"]

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_DIALLED: Final = (
    r"\+(?:1[2-9][0-9]{5,9}+|7[1-9][0-9]{5,13}+"
    r"|(?:2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])[1-9][0-9]{4,12}+"
    r"|(?:2[1-689]|3[578]|42|5[09]|6[7-9]|8[035789]|9[679])[0-9][1-9][0-9]{3,11}+)"
)
"""Numbers in E.164 form that are surely dialled so: no 0 follows the code, nor after +1 a 1 or more than ten digits."""
_SURE: Final = re.compile(_DIALLED)
_SURE_LINES: Final = re.compile(rf"(?:\n{_DIALLED})++")

_TO_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_AMERICAN_ZEROS: Final = b"\n+00000000000"
_AMERICAN_LENGTH: Final = len(_AMERICAN_ZEROS)

# What _plain makes of a text: ASCII digits, + and ( [ ) ] as they were, "-" "." " " and "\n" for every dash, dot,
# space and line break, nothing for format characters, and all else untouched.
_DASHES: Final = "\u02d7\u2043\u2212\u30fc"  # those beside category Pd; the last is the long vowel of Japanese
_DOTS: Final = ".\u00b7\u2022\u2024\u2027\u30fb\ufe52"
_LINE_BREAKS: Final = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"

_PREFIX: Final = re.compile(r"\s*['\u2019]?\s*(?:(?:tel|sms|p):)?\s*", re.IGNORECASE)
_BRACKETED: Final = re.compile(r"\(([^][()]*)\)|\[([^][()]*)\]")
_SCIENTIFIC: Final = re.compile(r"\+?[0-9][0-9.,]*E[+-]?[0-9]+", re.IGNORECASE)
_LONG_GROUP: Final = re.compile(r"[0-9](?:[-. ()\[\]]*[0-9]){6,}")
_EXTENSION: Final = re.compile(r"(?:x|ext[a-z]*|#)[-.:=\s]*[0-9]+\s*", re.IGNORECASE)
_DECIMAL: Final = re.compile(r"\+?[0-9]+\.0+|.*\.[-\s]*0", re.DOTALL)


def parse(text: str, *, region: str | None = None) -> str:
    """The number in ``text`` as E.164: ``+``, a first digit of 1 to 9, 7 to 15 digits.

    Removed are spaces, dashes and dots of all kinds, paired round or square brackets, invisible format characters,
    a leading ``tel:``, ``sms:``, ``p:`` or apostrophe, and ``(0)`` or 0 after a country code whose trunk prefix is 0;
    decimal digits of other scripts become ASCII. All else raises ``InvalidRecipientError``, its ``phone`` the text as
    given ("" for what is no text): also a 0 after another country code, unless it is dialled there, and a line break
    with seven digits or more on either side, which is two numbers.

    ``region`` (two letters, ISO 3166) is where a number without ``+`` is dialled from: national, or with that
    region's prefix for abroad (00, 011). It must be valid by the numbering plan, not just long enough, as it is
    partly a guess. A text with a ``+`` never looks at ``region``. ``ConfigurationError`` if such a number comes and
    the region is unknown or ``phonenumbers`` is not installed.
    """
    if isinstance(text, str) and (sure := _SURE.fullmatch(text)):
        return sure[0]
    if not isinstance(text, str):
        reason = f"it is a value of type {type(text).__name__}; write it as text, with its +"
        raise InvalidRecipientError(f"not a phone number: {reason}", reason=reason)
    try:
        clean = _E164.fullmatch(text)
        return _as_dialled(clean[0]) if clean else _read(text, region)
    except _NotANumberError as refused:
        reason = str(refused)
        shown = text if len(text) <= 40 else text[:40] + "…"
        message, is_national = f"{shown!r} is not a phone number: {reason}", isinstance(refused, _NoCountryCodeError)
        raise InvalidRecipientError(message, phone=text, reason=reason, lacks_country_code=is_national) from None


def are_clean(texts: Sequence[object]) -> bool:
    """Whether each of one or more is plain text in E.164 form already, and surely dialled so: faster than parsing each.

    Numbers with a 0 after their calling code are not sure.
    """
    if len(texts) == 1:
        return type(text := texts[0]) is str and _SURE.fullmatch(text) is not None
    if set(map(type, texts)) != {str}:
        return False
    lines = "\n" + "\n".join(texts)  # type: ignore[arg-type]  # all of them are text
    if len(lines) == len(texts) * _AMERICAN_LENGTH and lines.isascii() and _are_american(lines.encode(), len(texts)):
        return True
    return _SURE_LINES.fullmatch(lines) is not None and lines.count("\n") == len(texts)


def _are_american(lines: bytes, count: int) -> bool:
    """Whether these are so many numbers after +1 in full, and thus surely dialled so; in a third of the pattern's time.

    ``lines``: as many bytes, a line break ahead of each number.
    """
    return (
        lines.translate(_TO_ZEROS) == _AMERICAN_ZEROS * count
        and lines[2::_AMERICAN_LENGTH] == b"1" * count
        and not lines[3::_AMERICAN_LENGTH].translate(None, b"23456789")
    )


def mask(phone: str) -> str:
    """``phone`` for logs: its first three characters and last two, ``"+12***67"``; nothing of fewer than eight."""
    return f"{phone[:3]}***{phone[-2:]}" if len(phone) >= 8 else "***"


_TWO_NUMBERS: Final = "as if it were two numbers; give each its own place"


class _NotANumberError(Exception):
    """Why a text is no phone number, in a person's words."""


class _NoCountryCodeError(_NotANumberError):
    """Raised for a number without a +, where no region is given in which it may be dialled."""


def _read(text: str, region: str | None) -> str:
    plain = _PREFIX.sub("", _plain(text), count=1).strip()
    _refuse_signs(plain)
    _refuse_structure(plain)
    compact = re.sub(r"[-.\s]", "", plain).replace("[0]", "(0)")
    before, zero, after = compact.partition("(0)")
    before, after = _unwrapped(before), _unwrapped(after)
    number, code = before + after, before.removeprefix("+")
    national = not number.startswith("+")
    if national:
        number, code = _from_region(number, region)
    if zero and not (code in TRUNK_ZERO and before in ("", code, f"+{code}", f"00{code}", f"011{code}")):
        raise _NotANumberError("(0) may only stand after a country code whose national numbers start with a 0")
    number = _checked(number)
    return number if national else _as_dialled(number, without_zero=bool(zero))


def _plain(text: str) -> str:
    return text if text.isascii() and text.isprintable() else "".join(map(_plain_character, text))


def _plain_character(char: str) -> str:
    if "\uff01" <= char <= "\uff5e":  # the full-width forms of ASCII
        char = chr(ord(char) - 0xFEE0)
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Cf":
        return ""
    if category == "Pd" or char in _DASHES:
        return "-"
    if char in _LINE_BREAKS:
        return "\n"
    if char.isspace():
        return " "
    return "." if char in _DOTS else char


def _refuse_signs(plain: str) -> None:
    """Refuse characters that a phone number does not have, naming what they most likely are."""
    if plain.startswith(("#", "=")) and not _EXTENSION.match(plain):
        raise _NotANumberError("it is a formula, or a spreadsheet's error, and not a value")
    if not any(char.isdecimal() for char in plain):
        raise _NotANumberError("it has no digits" if plain else "it is empty")
    if _SCIENTIFIC.fullmatch(plain):
        raise _NotANumberError("it is in scientific notation, so digits may be lost; format the column as text")
    strange = [char for char in plain if char not in "0123456789+-. \n()[]"]
    if not strange:
        return
    if len(_LONG_GROUP.findall(plain)) > 1:
        raise _NotANumberError(f"it has {strange[0]!r} in it, {_TWO_NUMBERS}")
    at = plain.index(strange[0])
    if _EXTENSION.match(plain, at) or ";ext=" in plain.lower():
        raise _NotANumberError("it has an extension, which a text message can't reach")
    if strange[0] in ",;/|&\\":
        raise _NotANumberError(f"it has {strange[0]!r} in it, {_TWO_NUMBERS}")
    if word := "".join(itertools.takewhile(str.isalpha, plain[at : at + 20])):
        raise _NotANumberError(f"it has letters in it: {word!r}")
    if unicodedata.category(strange[0]) == "No":
        raise _NotANumberError(f"{strange[0]!r} is not an ordinary digit")
    raise _NotANumberError(f"it has {strange[0]!r} in it, which no phone number has")


def _refuse_structure(plain: str) -> None:
    """Refuse what is made of the right characters and still is not one whole number."""
    if sum(sum(map(str.isdecimal, line)) >= 7 for line in plain.split("\n")) > 1:
        raise _NotANumberError(f"it has a line break in it, {_TWO_NUMBERS}")
    if plain.count("+") > 1:
        raise _NotANumberError(f"it has more than one +, {_TWO_NUMBERS}")
    if plain.lstrip("-. \n([").find("+") > 0:
        raise _NotANumberError("its + is not in front")
    if _DECIMAL.fullmatch(plain.strip("()[] ")):
        raise _NotANumberError("it ends in .0, as a spreadsheet's number does; format the column as text")


def _unwrapped(part: str) -> str:
    """``part`` without its brackets."""
    bare = _BRACKETED.sub(r"\1\2", part)
    if "(0)" in part:
        raise _NotANumberError("it has (0) twice")
    if bare.strip("+0123456789"):
        raise _NotANumberError("its brackets do not pair up")
    return bare


def _from_region(number: str, region: str | None) -> tuple[str, str]:
    """A number without its + as it is dialled in ``region``: in E.164 form, and its country code."""
    if region is None:
        start = "it starts with 00 instead of +" if number.startswith("00") else "it has no +"
        raise _NoCountryCodeError(f"{start}; write it with + and the country code")
    try:
        import phonenumbers
    except ImportError:
        raise ConfigurationError('a region needs phonenumbers: pip install "customersms-async[phones]"') from None
    if not isinstance(region, str) or region.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise ConfigurationError(f"{region!r} is not a region; use two letters such as 'US', or 'GB' for Britain")
    try:
        parsed = phonenumbers.parse(number, region.upper())
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        raise _NotANumberError(f"it has no + and is not a valid number in {region.upper()}")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), str(parsed.country_code)


def _checked(number: str) -> str:
    if _E164.fullmatch(number):
        return number
    digits = len(number) - 1
    if number.startswith("+0"):
        raise _NotANumberError("no country code starts with 0")
    if digits < 7:
        raise _NotANumberError(f"it has {digits} digits, and a number with its country code has at least 7")
    raise _NotANumberError(
        f"it has {digits} digits, and no phone number has more than 15; if it is two numbers, give each its own place"
    )


def _as_dialled(number: str, *, without_zero: bool = False) -> str:
    """``number`` without the 0 that goes before a national number at home; ``without_zero``: it is left out already."""
    code = calling_code(number)
    national = number[len(code) :]
    if code == "+1":
        if national[0] in "01" or len(national) > 10:
            raise _NotANumberError("it can't be dialled: after +1 come 10 digits, the first of them 2 to 9")
        return number
    if not national.startswith("0") or code[1:] in ZERO_KEPT:
        return number
    if code[1:] not in TRUNK_ZERO or without_zero or national.startswith("00"):
        raise _NotANumberError(f"no number begins with 0 after {code}")
    return _checked(code + national[1:])
