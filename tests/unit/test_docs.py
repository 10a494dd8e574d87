"""The pages stay true: every link leads somewhere, every name is in the code, every program can be read by Python."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from support.pages import PAGES, programs
from support.places import PACKAGE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _pytest.mark.structures import ParameterSet

FENCE = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
IN_MODULE = re.compile(r"([\w/]+): ([\w.]+)")
PATH = re.compile(r"[\w./*-]+/[\w./*-]*")
FILE = re.compile(r"\w+\.(py|lua)")
DOTTED = re.compile(r"customersms_async(\.\w+)+")

NAMING = [
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *(ROOT / "docs" / name for name in ("architecture.md", "glossary.md")),
]
NAMING += sorted((ROOT / "docs" / "decisions").glob("*.md"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower()).replace(" ", "-")


@cache
def anchors(page: Path) -> frozenset[str]:
    return frozenset(anchor(heading) for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE))


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in LINK.findall(prose(page)):
            if not re.match(r"[a-z]+:", target):
                yield page, target


def spans(pattern: re.Pattern[str]) -> list[ParameterSet]:
    """Everything that the pages on the code name in a code span and that has this form, each with its page."""
    return [
        pytest.param(relative(page), span)
        for page in NAMING
        for span in sorted(set(SPAN.findall(prose(page))))
        if pattern.fullmatch(span)
    ]


@pytest.mark.parametrize(("page", "target"), sorted(set(links())), ids=str)
def test_a_link_leads_to_a_file_and_to_a_heading_in_it(page: Path, target: str) -> None:
    file, _, heading = target.partition("#")
    there = (page.parent / file).resolve() if file else page
    assert there.exists(), f"{relative(page)} links to {target}"
    if heading:
        assert heading in anchors(there), f"{relative(page)} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_page_can_be_reached_from_the_first(page: Path) -> None:
    reached: set[Path] = set()
    todo = {ROOT / "README.md"}
    while todo:
        reached |= todo
        found = {(each.parent / target.partition("#")[0]).resolve() for each, target in links() if each in todo}
        todo = {each for each in found if each.suffix == ".md"} - reached
    assert page in reached


def test_the_first_page_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize(("page", "program"), programs(), ids=lambda each: each if len(each) < 40 else "program")
def test_a_program_on_a_page_can_be_read_by_python(page: str, program: str) -> None:
    compile(program, page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_every_folder_of_the_package_is_said_to_hold_something() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {name for name in folders if f"| `{name}/` |" not in page} == set()


def test_the_glossary_is_in_the_order_of_the_alphabet() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^\| ([^|]+?) +\|", page, re.MULTILINE)[1:]
    assert len(terms) > 40
    assert terms == sorted(terms, key=str.lower)


@cache
def defined(module: Path) -> frozenset[str]:
    """Every name that a module defines: ``function``, ``Class``, ``Class.method``, ``Class.field``, ``CONSTANT``."""
    return frozenset(_defined(ast.parse(module.read_text(encoding="utf-8")).body, ""))


def _defined(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name
        if isinstance(node, ast.ClassDef):
            yield from _defined(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            yield from (prefix + target.id for target in targets if isinstance(target, ast.Name))


@pytest.mark.parametrize(("page", "span"), spans(IN_MODULE))
def test_a_name_in_a_module_is_defined_there(page: str, span: str) -> None:
    """``_sending/delivery: deliver`` is how the pages say it."""
    match = IN_MODULE.fullmatch(span)
    assert match
    path, name = match.groups()
    module = PACKAGE / f"{path}.py"
    assert module.exists(), f"{page} names {span}"
    assert name in defined(module), f"{page} names {span}"


@pytest.mark.parametrize(("page", "span"), spans(PATH))
def test_a_path_is_there(page: str, span: str) -> None:
    """From the top of the project, or from the top of the package; without ``.py`` or with it."""
    places = [path for top in (ROOT, PACKAGE) for name in (span, f"{span}.py") for path in top.glob(name.rstrip("/"))]
    assert places, f"{page} names {span}"
    assert not span.endswith("/") or any(place.is_dir() for place in places), f"{page} names {span}"


@pytest.mark.parametrize(("page", "span"), spans(FILE))
def test_a_file_is_in_the_package(page: str, span: str) -> None:
    assert list(PACKAGE.rglob(span)), f"{page} names {span}"


@pytest.mark.parametrize(("page", "span"), spans(DOTTED))
def test_a_dotted_name_can_be_imported(page: str, span: str) -> None:
    parts = span.split(".")[1:]
    for length in range(len(parts), -1, -1):
        base = PACKAGE.joinpath(*parts[:length])
        module = next((each for each in (base.with_suffix(".py"), base / "__init__.py") if each.exists()), None)
        if module is not None:
            break
    assert module is not None
    rest = ".".join(parts[length:])
    assert not rest or rest in defined(module) | exported(module), f"{page} names {span}"


def exported(module: Path) -> frozenset[str]:
    """The names in a module's ``__all__``."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return frozenset(ast.literal_eval(node.value))
    return frozenset()
