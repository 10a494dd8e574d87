"""The shape of the package: one way in, one way down."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import customersms_async

PACKAGE = Path(customersms_async.__file__).parent

PURE_FLOORS = [
    {"errors", "models", "phone", "segments", "_graphemes", "secret", "words"},
    {"answers", "batching", "buckets", "credits", "history", "intake"}
    | {"matching", "options", "retry", "unpacking", "wire"},
]
"""Values, and what decides and does nothing else."""

FLOORS = [
    *PURE_FLOORS,
    {"clock", "connections", "engine", "fast", "file_thread", "forks", "hooks", "hush"}  # 2: a resource each
    | {"inflight", "log", "paces", "quota", "shutdown", "tasks", "transport", "unheard"},
    {"terms", "ticket", "trouble", "admission", "rooms"},  # 3: the waiting room
    {"attempt", "delivery", "outcome_queue", "run", "runs", "stream"}  # 4: one seam, many ways of sending
    | {"estimate", "failures", "client"},
    {"campaign"},  # 5: a ledger on disk, and a loop over the seam
]
BESIDE = {"sandbox", "testing"}
TOP = {"__init__", "cli"}
PURE = set().union(*PURE_FLOORS)
IMPURE = {"asyncio", "logging", "os", "random", "select", "socket", "sqlite3", "ssl", "threading", "time"}


def modules() -> dict[str, list[Path]]:
    """Every part of the package by its first name, with its files."""
    parts: dict[str, list[Path]] = {}
    for path in PACKAGE.rglob("*.py"):
        parts.setdefault(path.relative_to(PACKAGE).parts[0].removesuffix(".py"), []).append(path)
    return parts


def imports(part: str) -> set[str]:
    """What a part imports: our own parts as ``.name``, everything else by its top name."""
    found = set()
    for path in modules()[part]:
        depth = len(path.relative_to(PACKAGE).parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add((node.module or "").partition(".")[0])
            elif isinstance(node, ast.ImportFrom) and node.level == depth:
                names = [node.module] if node.module else [alias.name for alias in node.names]
                found |= {f".{name.partition('.')[0]}" for name in names if name}
    return found


def floor(part: str) -> int:
    return next(number for number, names in enumerate(FLOORS) if part in names)


def test_every_module_has_its_floor() -> None:
    assert set(modules()) == set().union(*FLOORS) | BESIDE | TOP


@pytest.mark.parametrize("part", sorted(set().union(*FLOORS)))
def test_a_module_imports_lower_floors_and_its_own_never_in_a_circle(part: str) -> None:
    for other in (name[1:] for name in imports(part) if name.startswith(".")):
        assert other not in BESIDE | TOP, f"{part} imports {other}"
        assert floor(other) <= floor(part), f"{part} imports {other}, which is on a higher floor"
    for other in running_imports(part):
        assert part not in reachable(other), f"{part} and {other} import each other"


def reachable(part: str) -> set[str]:
    """What a part leads to on its own floor, at run time (imports for types alone make no circle)."""
    found: set[str] = set()
    todo = {part}
    while todo:
        found |= todo
        todo = {name for each in todo for name in running_imports(each) if floor(name) == floor(part)} - found
    return found - {part}


def running_imports(part: str) -> set[str]:
    found = set()
    for path in modules()[part]:
        depth = len(path.relative_to(PACKAGE).parts)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.level == depth:
                names = [node.module] if node.module else [alias.name for alias in node.names]
                found |= {name.partition(".")[0] for name in names if name}
    return found


@pytest.mark.parametrize("part", sorted(PURE))
def test_pure_modules_import_no_clock_no_socket_no_logger_and_no_async(part: str) -> None:
    assert not imports(part) & IMPURE
    third_party = {name for name in imports(part) if not name.startswith(".")} - sys.stdlib_module_names
    assert third_party <= {"msgspec", "phonenumbers"}
    for path in modules()[part]:
        nodes = set(map(type, ast.walk(ast.parse(path.read_text(encoding="utf-8")))))
        assert not nodes & {ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith}


def test_the_floors_whose_every_branch_must_be_covered_are_the_pure_ones() -> None:
    makefile = (Path(__file__).parent.parent / "Makefile").read_text(encoding="utf-8")
    line = next(line for line in makefile.splitlines() if line.startswith("PURE :="))
    assert set(line.removeprefix("PURE :=").split()) == PURE


def test_httpx_is_a_detail_of_one_module() -> None:
    assert {part for part in modules() if "httpx" in running_top_imports(part)} == {"engine"}


def running_top_imports(part: str) -> set[str]:
    found = set()
    for path in modules()[part]:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
    return found


def test_the_door_is_narrow_and_sorted() -> None:
    assert all(hasattr(customersms_async, name) for name in customersms_async.__all__)  # some come when asked for
    assert set(customersms_async.__all__) == {
        name
        for name, value in vars(customersms_async).items()
        if not name.startswith("_") and name != "annotations" and not isinstance(value, type(sys))
    }
    assert customersms_async.__all__ == sorted(customersms_async.__all__, key=lambda name: (not name.isupper(), name))


def test_what_not_everyone_uses_is_imported_when_first_asked_for() -> None:
    code = "import sys, customersms_async; print(*sys.modules); from customersms_async import *; Campaign, SQLiteQuota"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()  # noqa: S603
    assert not {"sqlite3", "redis", "phonenumbers", "customersms_async.campaign"} & set(said)


def test_the_door_knows_no_other_names() -> None:
    for module in (customersms_async, customersms_async.quota):
        with pytest.raises(AttributeError, match="no attribute 'Pigeon'"):
            module.Pigeon  # noqa: B018


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_wants_splitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
