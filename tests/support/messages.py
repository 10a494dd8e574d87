"""The messages of the package, found in its source: every text that may reach a person.

A message is a text in the source that is written in three words or more; what is put into it at run time is shown as
``…``. None are the texts of documentation: docstrings, the help of options, examples, tables that a page is made of;
and none are SQL and patterns.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from support.places import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

ELSEWHERE: Final = re.compile(
    r"(testing|sandbox)/|_core/(calling_codes|graphemes|idempotency_states|outcome_table|segments)\."
    r"|campaign/(states|unsent_rules|wanted_states)\."
    r"|campaign/_sqlite/(queries|schema|first_tables|triggers|summary|move_schema)\."
    r"|campaign/_postgres/(copying|packing)\."
    r"|cli/(examples|formats)\.|_otel/metric_table\.|cli/files/(column_names|cell_words|stop_words)\."
)
"""Modules without messages: for tests, tables of documentation and of words in files, and SQL."""

_NOT_SAID: Final = frozenset(
    {"Rule", "CountingRule", "Typer", "Option", "Argument", "compile", "execute", "Table", "add_row"}
)
"""Whoever is called with a text and says it to nobody, or shows figures with it."""

_NO_WORDS: Final = re.compile(
    r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|FROM|WHERE)\b|substr\(|</?\w+>|%\(|\| None$|^Proxy-Auth"
)
_WORD: Final = re.compile(r"[A-Za-z][a-z']+")


class Found(NamedTuple):
    """A message, and the module that says it."""

    text: str
    where: str


@cache
def messages() -> tuple[Found, ...]:
    """All messages, each once, in the order of the files."""
    found: dict[str, Found] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE).as_posix()
        if not ELSEWHERE.match(where):
            for text in _said(ast.parse(path.read_text(encoding="utf-8"))):
                if min(len(text.split()), len(_WORD.findall(text))) >= 3 and not _NO_WORDS.search(text):
                    found.setdefault(text, Found(text, where))
    return tuple(found.values())


def _said(node: ast.AST) -> Iterator[str]:
    """The texts in a piece of source, each whole, but for those that document it."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield _written(node.value)
    elif isinstance(node, ast.JoinedStr):
        pieces = (each.value if isinstance(each, ast.Constant) else "…" for each in node.values)
        yield _written("".join(map(str, pieces)))
        for each in node.values:  # what is put in may be a text as well, or one of several
            if isinstance(each, ast.FormattedValue):
                yield from _said(each.value)
    elif not _documents(node):
        for child in ast.iter_child_nodes(node):
            yield from _said(child)


def _documents(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.FunctionDef):
        return node.name in ("markdown", "__repr__")
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and node.target.id.lower().endswith("panel")
    if isinstance(node, ast.keyword):
        return node.arg in ("help", "metavar", "title")
    if isinstance(node, ast.Call):
        return (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in _NOT_SAID
    return False


def _written(text: str) -> str:
    return re.sub(r"%[sdg]|%\.\df", "…", " ".join(text.split()))
