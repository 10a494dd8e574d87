"""The pages of the reference, which name what they show: ``## ::: customersms_async.AsyncClient``."""

from __future__ import annotations

import re
from typing import Final

from .places import DOCS

_DIRECTIVE: Final = re.compile(r"^#+ ::: (\S+)$", re.MULTILINE)


def directives() -> list[str]:
    """Every name that has a place in the reference, page by page."""
    pages = sorted((DOCS / "reference").glob("*.md"))
    return [name for page in pages for name in _DIRECTIVE.findall(page.read_text(encoding="utf-8"))]
