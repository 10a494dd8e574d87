"""How many digits follow each calling code: what has another number of them is hardly anybody's number.

Countries lengthen their numbers, so nothing is refused by this table: it is a reason to look.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from .calling_codes import calling_code

_TABLE: Final = """
    8: 45 47 65 216 222 223 226 227 228 232 235 236 253 257 266 268 350 356 357 370 371 373 374 382 386 389 502
        503 504 505 506 509 591 598 689 800 808 852 853 965 968 973 993
    9: 33 34 41 56 93 94 211 212 218 221 233 237 240 242 244 249 251 255 256 260 261 262 351 375 380 420 590 594
        596 966 979 992 994 995 996 998
    8-9: 32 36 51 66 213 224 250 258 264 355 377 385 387 593 855 962 963 970 971
    7: 238 239 246 248 269 291 297 501 592 673 674 679 680 691 692 960
    7-8: 230 241 267 372 507 599 670 675 961 974 975
    10: 1 7 30 52 58 90 91 225 229 234
    8-10: 20 60 64 856 964 976
    9-10: 44 81 84 92 263 881
    7,9: 220 245 265 354 423
    7-9: 46 231 254 595 967
    6: 298 299 672 681 687
    8,10: 57 378 850 977
    5,7: 676 677 678
    7-12: 62 381 882
    6,9: 40 376 508
    6-9: 48 252 359
    5: 247 500 682
    8-9,11-12: 972
    7-10: 243 353
    8-12: 383 883
    10-11: 54 55
    5-6,8-11: 82
    6-10: 95 880
    5-7,10: 685
    5-9: 27 61
    6,8-10: 63
    6-7,10: 98
    6-7,9: 421
    6-8,10: 53
    4-11: 352
    5-10: 358
    8-11: 886
    9,12: 870
    4,7: 683
    4-13: 43
    4-15: 49
    4-5: 290
    4-7: 690
    5,8: 686
    5-7: 688
    6-12: 39
    6-7: 597
    7-11: 86
    9,11: 31
    11: 888
    12: 878
"""
"""Digits after the code, and the codes: ordinary and mobile numbers by the metadata of phonenumbers 9.0.43."""


def length_problem(phone: str) -> str | None:
    """Why a number in E.164 has a length that no number of its country has, or ``None``."""
    code = calling_code(phone)
    known = _lengths().get(code)
    if known is None:
        return f"no country has the calling code {code}"
    digits = len(phone) - len(code)
    if digits in known:
        return None
    usual = " or ".join(map(str, sorted(known))) if len(known) < 3 else f"{min(known)} to {max(known)}"
    return f"it has {digits} digits after {code}, and numbers there have {usual}"


@cache
def _lengths() -> dict[str, frozenset[int]]:
    found: dict[str, frozenset[int]] = {}
    digits: frozenset[int] = frozenset()
    for word in _TABLE.split():
        if word.endswith(":"):
            digits = frozenset(each for part in word[:-1].split(",") for each in _span(part))
        else:
            found[f"+{word}"] = digits
    return found


def _span(part: str) -> range:
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)
