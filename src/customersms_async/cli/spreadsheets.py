"""Cells of a CSV that no spreadsheet runs: a text of somebody else's may be a formula there.

The usual way (OWASP, "CSV injection"): an apostrophe before what begins with ``=``, ``+``, ``-``, ``@``, a tab or a
line end, white space and quotes left aside. Phones and other plain numbers stay as they are, as they do nothing.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_RUN: Final = re.compile(r"""[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20]|[ "']*[\t\r\n]""")
"""Beginnings of what a spreadsheet runs; the wide signs are those of Chinese, Japanese and Korean keyboards."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)


def harmless(cell: Any) -> Any:
    """A cell that a spreadsheet shows and does not run."""
    if isinstance(cell, str) and _RUN.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def as_csv(rows: Iterable[Iterable[Any]], *, raw: bool) -> str:
    """Rows as CSV, whose lines end in CR LF, so that either of them in a cell is put in quotes."""
    text = io.StringIO()
    csv.writer(text).writerows(rows if raw else (map(harmless, row) for row in rows))
    return text.getvalue()
