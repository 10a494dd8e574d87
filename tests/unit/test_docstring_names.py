"""Docstrings can be read alone, and what they refer to is there."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

from support.places import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FENCE: Final = re.compile(r"```.*?```", re.DOTALL)
DOTTED: Final = re.compile(r"``([A-Za-z]\w*(?:\.\w+)+)``")
SEE: Final = re.compile(r"\b[Ss]ee ``(\w+)``")
NEIGHBOUR: Final = re.compile(r"(It|Its|The same|This|That|Those|These|Such|See|They|Of whom) ")
"""First words that need a neighbour to be understood."""

MADE_UP: Final = frozenset({"LEDGER.lock", "contact.first_name"})
"""Examples of what people may have: a file, a placeholder."""

TREES: Final = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
CLASSES: Final = {node.name for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
SQL: Final = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.sql"))


def docstrings(tree: ast.Module) -> Iterator[str]:
    """Every text that stands by itself, those below constants too; without the programs in them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield FENCE.sub("", node.value.value)


def names_in(tree: ast.AST) -> set[str]:
    """Every name that is defined or used."""
    found: set[str] = set()
    for node in ast.walk(tree):
        found |= {
            str(getattr(node, field))
            for field in ("id", "attr", "name", "arg", "asname")
            if isinstance(getattr(node, field, None), str)
        }
    return found


def modules(name: str) -> list[Path]:
    """The modules and folders of the package that are called so."""
    return [path for path in TREES if name in (path.stem, path.parent.name if path.stem == "__init__" else "")]


@cache
def foreign() -> frozenset[str]:
    """The libraries that the package, or its documentation, speaks of."""
    tops = {"customersms_async", "psycopg_pool", "uvicorn"}
    for tree in TREES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                tops |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                tops.add((node.module or "").partition(".")[0])
    return frozenset(tops | sys.stdlib_module_names)


@cache
def everywhere() -> frozenset[str]:
    return frozenset(name for tree in TREES.values() for name in names_in(tree))


def is_there(name: str, tree: ast.Module) -> bool:
    head, *rest = name.split(".")
    if name in MADE_UP or head in foreign():
        return True
    if head == "customersms":  # the schema
        return f"{name}(" in SQL
    if places := modules(head):
        below = {each.stem for path in places if path.stem == "__init__" for each in path.parent.iterdir()}
        return all(part in below or any(part in names_in(TREES[path]) for path in places) for part in rest)
    return (head in names_in(tree) or head in CLASSES) and all(part in everywhere() for part in rest)


def test_a_dotted_name_leads_to_something() -> None:
    lost = [
        (str(path.relative_to(PACKAGE)), name)
        for path, tree in TREES.items()
        for said in docstrings(tree)
        for name in DOTTED.findall(said)
        if not is_there(name, tree)
    ]
    assert lost == []


def test_what_a_reader_is_told_to_see_is_there() -> None:
    """In the module itself, a class, or a module that lies near."""
    lost = [
        (str(path.relative_to(PACKAGE)), name)
        for path, tree in TREES.items()
        for said in docstrings(tree)
        for name in SEE.findall(said)
        if name not in names_in(tree) | CLASSES and not any(_is_near(each, path) for each in modules(name))
    ]
    assert lost == []


def _is_near(module: Path, path: Path) -> bool:
    return module.parent in path.parents or path.parent in module.parents


def test_a_docstring_begins_with_the_thing() -> None:
    """Whoever sees it in a hover sees none of its neighbours; the public door is held to more than this."""
    riddles = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                said = ast.get_docstring(node) or ""
                is_test = getattr(node, "name", "").startswith("test_")  # whose words go on from the name
                if not is_test and NEIGHBOUR.match(said) and not re.match("See (that|whether) ", said):
                    riddles.append((str(path.relative_to(PACKAGE)), said.partition("\n")[0]))
    assert riddles == []
