"""Calling codes: which one a number begins with, and what a 0 after it means."""

from __future__ import annotations

from typing import Final

_LISTED: Final = """
    20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86
    90 91 92 93 94 95 98
"""
_TWO_DIGITS: Final = frozenset(_LISTED.split())
"""The codes of two digits in the ITU's list (E.164); 1 and 7 have one, all others three."""

_WITH_TRUNK_ZERO: Final = """
    20 27 31 32 33 40 41 43 44 46 49 51 53 54 55 57 58 60 61 62 63 64 66 81 82 84 86 90 91 92 93 94 95 98 211
    212 213 218 231 232 233 234 243 249 250 251 252 254 255 256 260 261 262 263 264 265 291 353 355 358 359 370
    373 374 377 380 381 382 383 385 386 387 389 421 423 508 590 591 593 594 595 596 598 686 850 855 856 880 886
    961 962 963 964 966 967 970 971 972 976 977 994 995 996
"""
TRUNK_ZERO: Final = frozenset(_WITH_TRUNK_ZERO.split())
"""The codes whose national numbers are written with a 0 that is not dialled from abroad.

By the metadata of phonenumbers 9.0.43: national_prefix 0, ordinary national numbers never starting with 0. Italy (39)
and Gabon (241) keep their zero, 1 has none, and 7, 36 and 375 have other prefixes.
"""

_WITH_ZERO: Final = """
    39 47 225 226 227 229 241 242 247 250 267 378 501 507 676 679 687 800 853 881 888 974 992
"""
ZERO_KEPT: Final = frozenset(_WITH_ZERO.split())
"""The codes that are dialled with a 0 after them where the number has one, by the same metadata."""


def calling_code(phone: str) -> str:
    """``"+44"`` for ``"+442079460000"``; the beginning of the number is enough."""
    digits = phone[1:]
    if digits[:1] in ("1", "7"):
        return phone[:2]
    return phone[:3] if digits[:2] in _TWO_DIGITS else phone[:4]
