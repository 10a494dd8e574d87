"""A program of ``examples/``: as a module, and what its docstring has people type."""

from __future__ import annotations

import ast
import importlib.util
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


def loaded(program: Path) -> ModuleType:
    """The program, imported once."""
    name = program.stem
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, program)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, name, module)  # where types are looked up by name
            spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]


def docstring(program: Path) -> str:
    """The docstring that a program begins with."""
    return ast.get_docstring(ast.parse(program.read_text(encoding="utf-8"))) or ""


def typed(program: Path) -> list[str]:
    """The lines behind a ``$``, in their order."""
    lines = (line.strip() for line in docstring(program).splitlines())
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
