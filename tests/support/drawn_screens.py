"""Screens drawn into a terminal of memory."""

from __future__ import annotations

import io
import re
from collections import Counter
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console, RenderableType

from customersms_async.cli.send.sending import Progress

if TYPE_CHECKING:
    from customersms_async.models import Status


def console(width: int = 80, *, terminal: bool = False) -> Console:
    return Console(record=True, width=width, file=io.StringIO(), force_terminal=terminal, color_system=None)


def drawn(what: RenderableType, width: int = 80) -> str:
    """As text, every line within the width."""
    to = console(width)
    to.print(what)
    text = to.export_text()
    assert max(map(cell_len, text.splitlines()), default=0) <= width
    return text


def words(text: str) -> str:
    return " ".join(re.sub(r"[│┃]", " ", text).split())


def progress(counts: dict[Status, int], total: int, seconds: float = 10.0) -> Progress:
    made = Progress(total, 9, 0.0, Counter(counts), {}, lambda: seconds)
    made.done = sum(counts.values())
    return made
