"""From the Markdown that GitHub reads to that of Python-Markdown, which zensical reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .pictures import drawn

if TYPE_CHECKING:
    from collections.abc import Callable

_CODE: Final = re.compile(r"(^ *(?:```|~~~).*?^ *(?:```|~~~)$|`+[^`\n]+`+)", re.MULTILINE | re.DOTALL)
_DIAGRAM: Final = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with a change made everywhere but in blocks and spans of code."""
    return "".join(part if number % 2 else change(part) for number, part in enumerate(_CODE.split(text)))


def for_zensical(text: str) -> str:
    """A page whose every block is shown as GitHub shows it."""
    text = _DIAGRAM.sub(lambda match: drawn(match[1]), text)
    return outside_code(text, lambda prose: prose.replace("<details>", '<details markdown="1">'))
