"""Ordinary cells, of which nothing has to be said: one look at a whole row, where the rules take one for each cell.

Goal: a million rows for little more than the cost of their texts. Whatever is not ordinary goes through the rules one
by one, so this may doubt too much and never too little; the tests hold it against each rule. Rejected: looking through
many rows at once (a row's letter would have to wait for those after it, and an error's line with it).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..._core.suspicious_text import BEGINNINGS
from ..files.spoiled_cells import MAY_BE_SPOILED

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SEPARATOR", "ordinary"]

SEPARATOR: Final = "\n"
"""What stands between a row's cells for ``ordinary``: no ordinary cell has it."""

_SPECIAL: Final = (
    r"{%<\[|~\\&"  # of placeholders, and of characters that are written out
    r"\x00-\x1f\x7f-\x9f\u00c2\u00c3\u00e2\u00f0\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd"  # as in ``suspicious``
)
_IN_WORDS: Final = "EeLNnUu"
"""First letters of words that mean nothing (``N/A``) and of a spreadsheet's errors; names may have them, too."""

_FIRST: Final = "".join(sorted((BEGINNINGS | frozenset(MAY_BE_SPOILED)) - frozenset(_IN_WORDS)))
_CELL: Final = (
    rf"(?:[^{re.escape(_FIRST)}{_SPECIAL}{_IN_WORDS}]|[Ee](?![Rr]{{2}}:)|L(?![Oo])|[Nn](?=.{{4}})|[Uu](?![Nn]))"
    rf"(?:[^{_SPECIAL}]*[^\s{_SPECIAL}])?"
)


def ordinary(count: int) -> Callable[[str], object]:
    """What says of ``count`` cells, with ``SEPARATOR`` between them, whether all of them are ordinary.

    Such a cell has something in it that means something, no white space around it, and is no error or formula of a
    spreadsheet; and nothing in it could be a placeholder, be spoiled, or be written out for a program.
    """
    return re.compile(SEPARATOR.join([_CELL] * count)).fullmatch
