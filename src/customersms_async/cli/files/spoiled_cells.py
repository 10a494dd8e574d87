"""Cells that hold no value: a spreadsheet's error, or a formula whose value nobody reckoned.

Spreadsheets write their errors as texts (``#N/A``, in German ``#NV``), and a person would read "Dear #N/A".
"""

from __future__ import annotations

import re
from typing import Final

MAY_BE_SPOILED: Final = "#=EeL "
"""What a cell without a value begins with; of others nothing need be asked."""

_ERROR: Final = re.compile(
    r"#(?:N/[ABD]!?|NV|NUL[LO]?!|N\u00daM!|[\u00a1\u00bf]?[A-Z\u00c0-\u00dd_]{2,20}(?:/0)?[!?]|GETTING_DATA|#+)"
    r"|Err:[0-9]{3}|Loading\.\.\.",
    re.IGNORECASE,
)
_FORMULA: Final = re.compile(r"=[-+@(\"'$A-Z0-9_{]", re.IGNORECASE)


def problem_of(name: str, text: str) -> str | None:
    """Why a row can't be used whose text needs what stands in column ``name``; ``None`` if that is a value."""
    what = spoiled(text)
    return None if what is None else f"column {name!r} holds {text.strip()[:40]!r}, {what}"


def spoiled(text: str) -> str | None:
    """What a cell without a value is, or ``None``."""
    bare = text.strip()
    if _ERROR.fullmatch(bare):
        return "which is a spreadsheet's error and no value"
    return "which is a formula and not its value" if _FORMULA.match(bare) else None
