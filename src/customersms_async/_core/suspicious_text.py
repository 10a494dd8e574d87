r"""What may have gone wrong with a text before it came here: a ``$name`` that a shell ate, a ``\n`` that is no break.

Nothing is mended and nothing refused: each finding is a sentence for a person to judge.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BEGINNINGS", "has_outer_space", "means_nothing", "oddities", "spoiled", "written_break"]

_NOTHING: Final = frozenset((
    "nan", "nat", "null", "nil", "nul", "none", "undefined", "na", "n/a", "n.a.", "#n/a", "#null!", "#ref!", "#name?",
    "#value!", "#div/0!", "#num!", "<na>", "<null>", "(null)", "[null]", "(blank)", "(empty)", "\\n",
    "-", "--", "---", "\u2013", "\u2014", "?", "??", "???", ".",
))  # fmt: skip
"""What programs and people write into a cell that has nothing in it, in lower case."""

_SPACES: Final = (
    " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
BEGINNINGS: Final = frozenset(_SPACES + "".join(word[0] + word[0].upper() for word in _NOTHING))
"""The first characters of every cell that means nothing or begins with white space: the others need no look."""

_LONGEST: Final = max(map(len, _NOTHING)) + 2
_WRITTEN_BREAK: Final = re.compile(
    r"\\r\\n|\\[nrt]|\\u[\da-fA-F]{4}|\\x[\da-fA-F]{2}|<br ?/?>"
    r"|</?(?:b|i|u|p|a|em|strong|span|div|font|h[1-6]|ul|ol|li|img|table|tr|td|html|body)(?:\s[^<>]{0,200})?/?>"
    r"|&(?:nbsp|amp|quot|apos|lt|gt|euro|pound|copy|reg|trade|hellip|[nm]dash|bull|middot|[lrb][sd]quo|[lr]aquo|szlig"
    r"|[a-zA-Z](?:acute|grave|circ|uml|tilde|cedil|ring|slash)|#\d{1,6}|#[xX][\da-fA-F]{1,6});"
)
_PERCENT: Final = re.compile(r"(?<![\w%/=&?+.\-])%(?:\d+\$)?[sd](?!\w)")
_MAY_SPOIL: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00c2\u00c3\u00e2\u00f0\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]"
)
"""What each form of ``_SPOILED`` begins with: most cells have none, and are done with a tenth of the cost."""
_SPOILED: Final = re.compile(
    r"(?P<lost>\ufffd)|(?P<wrong>[\u00c2\u00c3][\u0080-\u00bf]|[\u00c2\u00c3][\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192"
    r"\u02c6\u02dc\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]|\u00e2\u20ac|\u00f0\u0178)"
    r"|(?P<turns>[\u202a-\u202e\u2066-\u2069])|(?P<line>[\r\n\x0b\x0c\x85\u2028\u2029])|(?P<control>[\x00-\x1f\x7f-\x9f])"
)
_IN_A_URL: Final = re.compile(r"(?<!\S)[^\s/=?&%]*[^\s/=?&%\d]%(?:20|2[1C]|3A|0[AD])", re.IGNORECASE)
"""A space, a comma or a line end as it stands in a URL, in a word that is none."""

_EMPTY_AMOUNT: Final = re.compile(r"(?<![\w$])\$(?! ?[\d.\-]|[\w$({])")
_GAP: Final = re.compile(r"(?<=\S) ,|(?<=\S) \.(?![\d.])|(?<=\w) \.\d|(?<=[^\s.!?:;])  +(?=\S)")

_LINES: Final = dict.fromkeys(map(ord, "\t\r\n"), " ")
"""What a message may have, and a cell hardly."""


def means_nothing(cell: str) -> bool:
    """Whether a cell that is not blank says only that nothing is known: ``nan``, ``NULL``, ``N/A``."""
    return len(cell) <= _LONGEST and cell.strip().casefold() in _NOTHING


def written_break(text: str) -> str | None:
    r"""A line end, or another character, that stands there as a programmer or a page writes it: ``\n``, ``&amp;``."""
    if "\\" in text or "<" in text or "&" in text:
        found = _WRITTEN_BREAK.search(text)
        return None if found is None else found[0]
    return None


def spoiled(cell: str) -> str | None:
    """What nobody means to have in a cell, in words: an unreadable character, a line break, a control character."""
    if (cell.isascii() and cell.isprintable()) or _MAY_SPOIL.search(cell) is None:
        return None
    found = _SPOILED.search(cell)
    if found is None:
        return None
    return {
        "lost": "a character that could not be read (U+FFFD)",
        "wrong": f"{found[0]!r}, as text has that was read in the wrong encoding",
        "turns": f"a character that turns the direction of reading (U+{ord(found[0][0]):04X})",
        "line": "a line break",
        "control": f"a control character (U+{ord(found[0][0]):04X})",
    }[found.lastgroup or ""]


def has_outer_space(text: str) -> bool:
    """Whether a text begins or ends with white space."""
    return text != text.strip()


def _instead(written: str) -> str:
    """What to write in place of a character that is written out."""
    if written[0] == "&":
        import html

        meant = html.unescape(written)
        return f"write the character itself, {'a space' if meant.isspace() else meant}"
    if written[0] == "%" or written[:2] in ("\\u", "\\x"):
        return "write the character itself"
    if written[0] == "\\" or written.startswith("<br"):
        return "for line breaks, give the message in a file that has them"
    return "a text message has no bold, links or other marks of a page"


def oddities(text: str) -> Iterator[str]:
    """What may be wrong with a text, one sentence for each kind; none for nearly every text."""
    written = written_break(text)
    if written is not None:
        yield f"{written} is sent as it stands, letter for letter: {_instead(written)}"
    percent = _PERCENT.search(text)
    if percent is not None:
        yield f"{percent[0]} is sent as it stands: nothing is filled in there"
    encoded = _IN_A_URL.search(text)
    if encoded is not None:
        yield f"{encoded[0][-3:]} is sent as it stands, letter for letter: {_instead(encoded[0][-3:])}"
    wrong = spoiled(text.translate(_LINES))
    if wrong is not None:
        yield f"the text has {wrong} in it"
    if _EMPTY_AMOUNT.search(text) is not None:
        yield "a $ has nothing behind it: a shell puts its own variables into double quotes, so use single ones"
    if _GAP.search(text) is not None:
        yield "there is a gap, as if words were missing: a shell takes a $name out of double quotes, so use single ones"
    if has_outer_space(text):
        yield "the text begins or ends with white space"
