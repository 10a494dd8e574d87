"""The shape of the package: six floors of folders under the command line, one way in, one way down."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import customersms_async
from support.places import PACKAGE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

FLOORS = [
    {"errors", "models", "events", "segments", "_core"},  # values, and what decides and does nothing else
    {"_runtime", "_http", "_postgres", "quota", "idempotency", "suppression"},  # one resource each
    {"_admission"},  # the waiting room
    {"_sending"},  # one seam, many ways of sending
    {"client", "fast", "otel", "_otel"},
    {"campaign"},  # a ledger on disk, and a loop over the seam
    {"cli"},
]
BESIDE = {"sandbox", "testing"}
DOOR = {"__init__", "__main__"}
PURE = FLOORS[0]
IMPURE = {"asyncio", "logging", "os", "random", "select", "socket", "sqlite3", "ssl", "threading", "time"}
MODULES = {path.relative_to(PACKAGE).with_suffix("").parts: path for path in PACKAGE.rglob("*.py")}

Name = tuple[str, ...]


@cache
def tree(name: Name) -> ast.Module:
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def targets(name: Name, node: ast.ImportFrom) -> Iterator[Name]:
    """The modules of ours that a relative import leads to."""
    base = (*name[: -node.level], *(node.module or "").split(".")) if node.module else name[: -node.level]
    for alias in node.names:
        yield next(each for each in ((*base, alias.name), base, (*base, "__init__")) if each in MODULES)


@cache
def ours(name: Name, *, running: bool = False) -> frozenset[Name]:
    """Our own modules that one imports; ``running``: when it is imported itself, not for types or in a function."""
    nodes = tree(name).body if running else ast.walk(tree(name))
    return frozenset(
        target for node in nodes if isinstance(node, ast.ImportFrom) and node.level for target in targets(name, node)
    )


def others(name: Name, *, running: bool = False) -> set[str]:
    """Everything else that a module imports, by its top name."""
    found: set[str] = set()
    for node in tree(name).body if running else ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


def floor(name: Name) -> int:
    return next(number for number, parts in enumerate(FLOORS) if name[0] in parts)


def on_floors() -> list[Name]:
    return sorted(name for name in MODULES if name[0] not in BESIDE | DOOR)


def pure() -> list[Name]:
    return sorted(name for name in MODULES if name[0] in PURE)


def test_every_part_has_its_floor() -> None:
    assert {name[0] for name in MODULES} == set().union(*FLOORS) | BESIDE | DOOR


@pytest.mark.parametrize("name", on_floors(), ids="/".join)
def test_a_module_imports_lower_floors_and_its_own_never_in_a_circle(name: Name) -> None:
    for other in ours(name):
        if name[0] != "cli":  # the command serves a sandbox
            assert other[0] not in BESIDE | DOOR, f"{name} imports {other}"
        assert other[0] in BESIDE or floor(other) <= floor(name), f"{name} imports {other}, which is on a higher floor"
    for other in ours(name, running=True) - {name}:
        assert name not in reachable(other), f"{name} and {other} import each other"


def reachable(name: Name) -> set[Name]:
    """What a module leads to at run time (imports for types alone make no circle)."""
    found: set[Name] = set()
    todo = {name}
    while todo:
        found |= todo
        todo = {each for one in todo for each in ours(one, running=True)} - found
    return found


@pytest.mark.parametrize("name", pure(), ids="/".join)
def test_pure_modules_import_no_clock_no_socket_no_logger_and_no_async(name: Name) -> None:
    assert not others(name) & IMPURE
    assert others(name) - sys.stdlib_module_names <= {"msgspec", "phonenumbers"}
    nodes = set(map(type, ast.walk(tree(name))))
    assert not nodes & {ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith}


def test_the_floor_whose_every_branch_must_be_covered_is_the_pure_one() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    line = next(line for line in makefile.splitlines() if line.startswith("PURE :="))
    assert set(line.removeprefix("PURE :=").split()) == PURE


def test_httpx_is_a_detail_of_one_module() -> None:
    assert [name for name in MODULES if "httpx" in others(name, running=True)] == [("_http", "httpx_engine")]


def test_no_http_library_is_imported_before_the_first_request() -> None:
    """They are most of what an import would cost; and who brings an engine of another kind needs none of httpx."""
    ours, fast = "from customersms_async import *", "from customersms_async.fast import *"
    for code in (
        "import customersms_async; customersms_async.AsyncClient",
        f"{ours}; AsyncClient(api_key='k').with_options(max_concurrency=2)",
        f"{ours}; {fast}; AsyncClient(api_key='k', http_client=FastClient())",
    ):
        program = f"import sys; {code}; print(*sys.modules)"
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
        said = ran.stdout.split()
        assert "customersms_async.client" in said
        assert not {"httpx", "httpx2", "httpcore", "httpcore2", "h11", "anyio", "sniffio", "certifi"} & set(said)


def test_the_door_is_narrow_and_sorted() -> None:
    assert all(hasattr(customersms_async, name) for name in customersms_async.__all__)  # some come when asked for
    assert set(customersms_async.__all__) == {
        name
        for name, value in vars(customersms_async).items()
        if not name.startswith("_") and name != "annotations" and not isinstance(value, type(sys))
    }
    assert customersms_async.__all__ == sorted(customersms_async.__all__, key=lambda name: (not name.isupper(), name))


def test_what_not_everyone_uses_is_imported_when_first_asked_for() -> None:
    def imported(code: str) -> set[str]:
        program = f"import sys, customersms_async; {code}; print(*sys.modules); from customersms_async import *"
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
        return set(ran.stdout.split())

    assert not {"asyncio", "msgspec", "logging"} & imported("pass")
    assert "customersms_async.client" not in imported("customersms_async.Limit, customersms_async.errors.SendError")
    with_client = imported("customersms_async.AsyncClient")
    assert not {"sqlite3", "redis", "psycopg", "phonenumbers", "customersms_async.campaign"} & with_client
    assert not {"customersms_async.idempotency", "customersms_async.suppression"} & with_client
    assert "customersms_async.suppression" not in imported("customersms_async.Campaign")
    assert "sqlite3" not in imported("from customersms_async.suppression import MemorySuppression")


def test_the_door_knows_no_other_names() -> None:
    parts = (customersms_async.quota, customersms_async.idempotency, customersms_async.suppression)
    for module in (customersms_async, *parts):
        with pytest.raises(AttributeError, match="no attribute 'Pigeon'"):
            module.Pigeon  # noqa: B018


def test_no_class_name_stands_twice_in_the_package() -> None:
    where: dict[str, list[str]] = {}
    for name in MODULES:
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.ClassDef):
                where.setdefault(node.name, []).append("/".join(name))
    assert {name: places for name, places in where.items() if len(places) > 1} == {}


SOURCES = sorted(path for kind in ("py", "sql", "lua") for path in PACKAGE.rglob(f"*.{kind}"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_wants_splitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_test_file_wants_splitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_programs_beside_the_package_run_as_modules_and_no_test_is_another_s_support() -> None:
    for path in (each for folder in ("benchmarks", "tools", "tests") for each in (ROOT / folder).rglob("*.py")):
        if path != Path(__file__):
            text = path.read_text(encoding="utf-8")
            assert "sys.path" not in text, f"{path} edits the path of imports"
            assert not re.search(r"^\s*(from|import) \S*\btest_", text, re.MULTILINE), f"{path} imports from a test"
