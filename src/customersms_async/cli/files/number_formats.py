"""A number as a spreadsheet shows it: 12.5 under ``0.00`` is 12.50, and 3766 under ``00000`` is 03766.

What formats do beyond digits, separators, percent and texts around them (fractions, conditions, exponents) is not known
here, and said to be unknown. The decimal point and the thousands' comma are the format's own, as in English.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

BUILT_IN: Final = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    **dict.fromkeys((*range(14, 23), *range(27, 37), *range(45, 48)), "d"),
    37: "#,##0;-#,##0",
    38: "#,##0;-#,##0",
    39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;-#,##0.00",
    48: "##0.0E+0",
    49: "@",
    **dict.fromkeys(range(50, 59), "d"),
}
"""The formats that files name by a number alone; ``d`` stands for all dates."""

_PIECE: Final = re.compile(
    r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)[^\]]*\]|\[[A-Za-z0-9 ]+\]|([#0?,.]+)|(%)|([^\[\]eE@])', re.DOTALL
)


def is_date(code: str) -> bool:
    """Whether a format makes a date or a time of a number."""
    bare = re.sub(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', "", code).lower()
    return bare != "general" and re.search("[dmyhs]", bare) is not None


def shown(value: float, code: str) -> str | None:
    """The text of ``value`` under the format ``code``; ``None`` if it is not known what that shows."""
    if code.lower() in ("general", "@", ""):
        return general(value)
    sections = re.findall(r'((?:"[^"]*"|\\.|[^;"\\])+)', code)
    if not sections or is_date(code):
        return None
    negative = value < 0
    section = sections[0]
    if negative and len(sections) > 1:
        section, negative = sections[1], False
    elif value == 0 and len(sections) > 2:
        section = sections[2]
    text = _section(Decimal(repr(abs(value))), section)
    return None if text is None else ("-" if negative else "") + text


def general(value: float) -> str:
    """``value`` without a format: its 15 digits that a spreadsheet keeps."""
    return f"{value:.15g}" if abs(value) < 1e15 else f"{value:.0f}"


def _section(value: Decimal, section: str) -> str | None:
    if section.strip().lower() == "general":
        return general(float(value))
    parts: list[tuple[bool, str]] = []  # whether it is for digits, and what it is
    at = 0
    for piece in _PIECE.finditer(section):
        if piece.start() != at:
            return None
        at = piece.end()
        quoted, escaped, currency, digits, percent, other = piece.groups()
        if digits:
            parts.append((True, digits))
        elif piece[0][0] == "_":
            parts.append((False, " "))
        else:
            parts.append((False, quoted or escaped or currency or percent or other or ""))
            value *= 100 if percent else 1
    if at != len(section):
        return None
    return _filled(value, parts)


def _filled(value: Decimal, parts: list[tuple[bool, str]]) -> str | None:
    """The digits of ``value`` in their places, among the texts of a format."""
    places = [text for is_digits, text in parts if is_digits]
    if len(places) == 1:
        number = _number(value, places[0])
        texts = [number if is_digits else text for is_digits, text in parts]
        return None if number is None else "".join(text or "" for text in texts).strip()
    if not places or any(set(place) - {"0", "#"} for place in places):
        return "".join(text for _, text in parts).strip() if not places else None
    width = sum(map(len, places))
    digits = str(value.quantize(Decimal(1), ROUND_HALF_UP)).rjust(width, "0")
    if sum(place.count("0") for place in places) != width:
        return None
    found, at = [], len(digits) - width
    lead = digits[:at]
    for is_digits, text in parts:
        if is_digits:
            found.append(lead + digits[at : at + len(text)])
            lead, at = "", at + len(text)
        else:
            found.append(text)
    return "".join(found).strip()


def _number(value: Decimal, places: str) -> str | None:
    whole, point, fraction = places.partition(".")
    if "." in fraction or "," in fraction or whole.endswith(",") or "?" in places:
        return None
    rounded = f"{value.quantize(Decimal(1).scaleb(-len(fraction)), ROUND_HALF_UP):f}"
    digits, _, decimals = rounded.partition(".")
    least = whole.count("0")
    digits = digits.lstrip("0").rjust(least, "0")
    if "," in whole:
        digits = f"{int(digits or '0'):,}" if least < 2 else digits
        digits = "" if digits == "0" and not least else digits
    kept = len(fraction.rstrip("#"))
    decimals = decimals[:kept] + decimals[kept:].rstrip("0")
    return digits + (point and "." + decimals)
