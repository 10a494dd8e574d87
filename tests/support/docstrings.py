"""Docstrings as the site and a hover read them: prose, and the sections ``Args``, ``Raises`` and ``Example``."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any, Final, NamedTuple

import griffe

from customersms_async import errors
from support.public_door import exported

FENCE: Final = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SEE: Final = re.compile(r": see ``([A-Z]\w+)\.(\w+)``\.$")
EACH_CALL: Final = re.compile(r"\bEach call raises\b")
NUMBER: Final = re.compile(r"\b(?:int|float)\b(?![\],\w])")


class Sections(NamedTuple):
    """One docstring, taken apart: ``prose`` is what stands outside of sections."""

    prose: str
    args: dict[str, str]
    raises: dict[str, str]
    examples: list[str]


def sections(thing: object) -> Sections:
    """The docstring of a class or function, or the one of its base that it has in its place."""
    prose: list[str] = []
    args: dict[str, str] = {}
    raises: dict[str, str] = {}
    examples: list[str] = []
    for section in griffe.Docstring(inspect.getdoc(thing) or "").parse("google", warnings=False):
        if isinstance(section, griffe.DocstringSectionParameters):
            args |= {each.name: each.description for each in section.value}
        elif isinstance(section, griffe.DocstringSectionRaises):
            raises |= {str(each.annotation): each.description for each in section.value}
        elif isinstance(section, griffe.DocstringSectionAdmonition) and section.title == "Example":
            examples += FENCE.findall(textwrap.dedent(str(section.value.contents)) + "\n")
        else:
            prose.append(str(section.value))
    return Sections("\n\n".join(prose), args, raises, examples)


def numbers_of(thing: Any) -> list[str]:
    """The parameters of a function, or of making a class, that are numbers: each may be a time or a size."""
    return [name for name, annotation in parameters_of(thing).items() if NUMBER.search(_annotation(annotation))]


def parameters_of(thing: Any) -> dict[str, object]:
    """The parameters of a function, or of making a class, in their order, with their annotations."""
    try:
        parameters = inspect.signature(thing).parameters
    except (ValueError, NameError):  # it takes what Exception takes, or fields of types that are not imported
        return dict(vars(thing).get("__annotations__", {})) if inspect.isclass(thing) else {}
    return {name: each.annotation for name, each in parameters.items() if name not in ("self", "cls")}


def said_of(name: str, thing: object) -> str:
    """What the docstring says of a parameter: its item, or the sentences that name it."""
    found = sections(thing)
    sentences = re.split(r"(?<=[.;])\s|\n\n|^- ", found.prose, flags=re.MULTILINE)
    return " ".join([found.args.get(name, ""), *(each for each in sentences if f"``{name}``" in each)])


def own_raises(thing: Any) -> set[str]:
    """The errors of ours that a function raises in its own lines, or making a class in those of its checks."""
    made = [vars(thing).get(name) for name in ("__init__", "__post_init__")] if inspect.isclass(thing) else [thing]
    found: set[str] = set()
    for each in filter(inspect.isfunction, made):
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(each)))):
            if isinstance(node, ast.Raise) and node.exc is not None:
                raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                found |= {raised.id} if isinstance(raised, ast.Name) and hasattr(errors, raised.id) else set()
    return found


def constants_without_docstring(module: Any) -> set[str]:
    """The exported names of a module, of those assigned in it, that no docstring stands below."""
    body = ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body
    bare: set[str] = set()
    for node, below in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            said = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            bare |= set() if said else {node.target.id}
    return bare & set(exported(module))


def _annotation(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "") or str(annotation)
