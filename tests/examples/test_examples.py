"""The page of the examples names each of them, and each says for itself what it shows and how it is run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from customersms_async import errors
from support.example_programs import docstring, typed
from support.places import ROOT
from support.web_examples import module_of

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = ROOT / "examples"
PAGE = (EXAMPLES / "README.md").read_text(encoding="utf-8")


def named(path: Path) -> str:
    return path.relative_to(EXAMPLES).as_posix()


def programs() -> list[Path]:
    """Every program, of a Django site the one that begins it."""
    sites = {path.parent for path in EXAMPLES.rglob("manage.py")}
    inner = {path for site in sites for path in site.rglob("*.py")} - {site / "manage.py" for site in sites}
    return sorted(set(EXAMPLES.rglob("*.py")) - inner)


@pytest.mark.parametrize("program", programs(), ids=named)
def test_the_page_names_it_or_its_folder(program: Path) -> None:
    places = {named(program), f"{named(program.parent)}/README.md"}
    assert places & set(re.findall(r"\]\(([^)]+)\)", PAGE))


@pytest.mark.parametrize(
    "program", [each for each in programs() if each.parent.name in ("web", "outbox", "django_site")], ids=named
)
def test_it_begins_with_how_it_is_installed_and_run(program: Path) -> None:
    lines = typed(program)
    assert lines[0].startswith("pip install 'customersms-async[cli")
    assert lines[1] == "customersms sandbox"
    assert any(re.match(rf"(python|uvicorn) .*({program.stem}|codes.asgi)\b", line) for line in lines[2:])
    assert "$ " not in docstring(program).partition("\n")[0]


def test_the_page_has_each_status() -> None:
    problem = module_of("fastapi").problem
    rows = [[cell.strip() for cell in line.split("|")] for line in PAGE.splitlines() if "Error`" in line]
    said = {name: (int(row[2]), row[3]) for row in rows if len(row) > 4 for name in re.findall(r"`(\w+Error)`", row[1])}
    assert len(said) == 10
    for name, (status, after) in said.items():
        error = getattr(errors, name)()
        if hasattr(error, "retry_after"):
            error.retry_after = 40.0
        answered, _, seconds = problem(error)
        assert answered == status, name
        assert str(seconds) == (after if after.isdigit() else "40" if after else "0"), name
