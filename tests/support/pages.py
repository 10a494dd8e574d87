"""The project's pages, and the programs that they show."""

from __future__ import annotations

import re
import textwrap
from typing import Final

from support.places import DOCS, ROOT

PAGES: Final = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "RELEASING.md")),
    *sorted(DOCS.rglob("*.md")),
    *sorted((ROOT / "examples").rglob("README.md")),
]


def programs() -> list[tuple[str, str]]:
    """Every block of Python on the pages, in their order, with where it stands: ``docs/client.md:12``."""
    return _blocks("python")


def consoles() -> list[tuple[str, str]]:
    """The same of every block of a console: commands behind a ``$``, and what they print."""
    return _blocks("console")


def _blocks(kind: str) -> list[tuple[str, str]]:
    block = re.compile(rf"^( *)```{kind}\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in block.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            found.append((f"{page.relative_to(ROOT)}:{line}", textwrap.dedent(match[2])))
    return found
