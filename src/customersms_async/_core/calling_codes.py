"""The calling code of a number: where in the world it is dialled to."""

from __future__ import annotations

from typing import Final

_LISTED: Final = """
    20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86
    90 91 92 93 94 95 98
"""
_TWO_DIGITS: Final = frozenset(_LISTED.split())
"""Those of the ITU's list (E.164) that have two digits; 1 and 7 have one, all others three."""


def calling_code(phone: str) -> str:
    """``"+44"`` for ``"+442079460000"``; the beginning of the number is enough."""
    digits = phone[1:]
    if digits[:1] in ("1", "7"):
        return phone[:2]
    return phone[:3] if digits[:2] in _TWO_DIGITS else phone[:4]
