"""What the docstring of an example has people type."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def docstring(program: Path) -> str:
    """The docstring that a program begins with."""
    return ast.get_docstring(ast.parse(program.read_text(encoding="utf-8"))) or ""


def typed(program: Path) -> list[str]:
    """The lines behind a ``$``, in their order."""
    lines = (line.strip() for line in docstring(program).splitlines())
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
