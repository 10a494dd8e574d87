"""The project's pages, and the programs that they show."""

from __future__ import annotations

import re
import textwrap
from typing import Final

from support.places import DOCS, ROOT

PAGES: Final = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *sorted(DOCS.rglob("*.md")),
    ROOT / "examples" / "fleet" / "README.md",
]
_PROGRAM = re.compile(r"^( *)```python\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def programs() -> list[tuple[str, str]]:
    """Every block of Python on the pages, in their order, with where it stands: ``docs/client.md:12``."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _PROGRAM.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            found.append((f"{page.relative_to(ROOT)}:{line}", textwrap.dedent(match[2])))
    return found
