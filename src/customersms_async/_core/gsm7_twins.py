"""Characters that only look different from one of GSM-7: each with its twin.

A table of our own, and no transliteration: a twin is the same letter written otherwise (an accent of its own, full
width, a ligature), or a mark of punctuation or a space that means the same. So no word changes. What is not here has no
twin: ł is no l, ç no Ç, ½ no 1/2, ² no 2, · (a letter's part in Catalan) no full stop, and an emoji no word.
"""

# ruff: noqa: RUF001 - the table is of characters that look like others

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

__all__ = ["CHARACTERS", "TWINS", "replace", "twins_in"]

_QUOTES: Final = dict.fromkeys("“”„‟″‶«»〝〞＂", '"') | dict.fromkeys("‘’‚‛′‵‹›´ʹʻʼʽ＇", "'")
_DASHES: Final = dict.fromkeys("‐‑‒–—―−⁃﹘﹣－•‣", "-")
_SPACES: Final = dict.fromkeys("\t\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a", " ")
_MORE_SPACES: Final = dict.fromkeys("\u202f\u205f\u3000", " ") | dict.fromkeys("\x0b\x85\u2028\u2029", "\n")
_INVISIBLE: Final = dict.fromkeys("\xad\u200b\u200c\u200d\u200e\u202a\u202c\u2060\u2066\u2068\u2069\ufeff\ufe0e", "")
"""Characters that show nothing between letters read from left to right; none that turns the order round."""

_DOTS: Final = {"…": "...", "‥": "..", "․": ".", "⁄": "/", "∕": "/", "∶": ":", "∗": "*", "⁎": "*"}
_SAME_LETTERS: Final = {"\u212b": "Å", "\u2126": "Ω", "\u212a": "K", "\u037e": ";", "￡": "£", "￥": "¥"}
_LIGATURES: Final = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_FULL_WIDTH: Final = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F) if chr(code) != "`"}
_ACCENTED: Final = {unicodedata.normalize("NFD", char): char for char in "èéùìòÇÅåÉÄÖÑÜäöñüà"}

TWINS: Final = (
    _FULL_WIDTH | _QUOTES | _DASHES | _SPACES | _MORE_SPACES | _INVISIBLE | _DOTS | _SAME_LETTERS | _LIGATURES
) | _ACCENTED
"""Every character, or letter with its accent, that has a twin in GSM-7, with that twin."""

CHARACTERS: Final = frozenset("".join(TWINS))
"""Every character that can be among those with a twin; a text whose first beyond GSM-7 is none has no twin."""

_MARKS: Final = frozenset(pair[1] for pair in _ACCENTED)
_LETTER_AND_MARK: Final = re.compile("|".join(map(re.escape, _ACCENTED)))


def replace(text: str, beyond: str) -> str | None:
    """``text`` with their twins in place of all characters of ``beyond``; ``None`` unless each has one."""
    if not _MARKS.isdisjoint(beyond):
        text = _LETTER_AND_MARK.sub(lambda found: _ACCENTED[found[0]], text)
        beyond = "".join(char for char in beyond if char not in _MARKS or char in text)
    for char in beyond:
        twin = TWINS.get(char)
        if twin is None:
            return None
        text = text.replace(char, twin)
    return text


def twins_in(text: str) -> list[str]:
    """All in ``text`` that has a twin, in order."""
    return _pattern().findall(text)


@cache
def _pattern() -> re.Pattern[str]:
    alone = "".join(map(re.escape, TWINS.keys() - _ACCENTED.keys()))
    return re.compile(f"{_LETTER_AND_MARK.pattern}|[{alone}]")
