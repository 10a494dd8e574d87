"""The pages for users name every option, code and error there is, with the defaults that the code has."""

from __future__ import annotations

import inspect
import re
import shlex
from typing import TYPE_CHECKING

import pytest
import typer

from customersms_async import AsyncClient, Code, errors
from customersms_async.cli.app import app
from customersms_async.sandbox import Sandbox
from support.command_lines import command_of
from support.pages import PAGES
from support.places import DOCS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_TYPER = {"sandbox"}  # its options are argparse's


def section(page: Path, heading: str) -> str:
    text = page.read_text(encoding="utf-8")
    match = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match, f"{page} has no section {heading}"
    return match[1]


def table(text: str) -> dict[str, str]:
    """The first two columns of a table whose first column holds names in code spans."""
    return dict(re.findall(r"^\| `(\w+)` +\| (.*?) +\|", text, re.MULTILINE))


def command_lines() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for line in re.findall(r"^ *\$ (?:\S*/)?customersms (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
            yield str(page.relative_to(ROOT)), re.split(r"  #| > ", line)[0]


def options_of(path: list[str]) -> set[str]:
    parameters = command_of(path)[0].params
    return {name for parameter in parameters for name in parameter.opts if name.startswith("--")} - {"--help"}


def test_the_options_of_a_client_are_all_there_with_their_defaults() -> None:
    parameters = dict(inspect.signature(AsyncClient).parameters)
    rows = table(section(DOCS / "client.md", "Options"))
    assert list(rows) == list(parameters)
    for name, parameter in parameters.items():
        if isinstance(parameter.default, int | float):
            assert rows[name] == str(parameter.default)


def test_the_codes_are_all_there() -> None:
    text = section(DOCS / "client.md", "What becomes of a text")
    assert [code for code in Code if f"`{code}`" not in text] == []


def test_the_errors_are_all_there() -> None:
    text = section(DOCS / "client.md", "Errors")
    names = [name for name, value in inspect.getmembers(errors, inspect.isclass) if value.__module__ == errors.__name__]
    assert len(names) > 10
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


def test_the_arguments_of_a_sandbox_are_there() -> None:
    text = (DOCS / "testing.md").read_text(encoding="utf-8")
    rows = table(text[text.index("| argument of `Sandbox`") :])
    assert set(inspect.signature(Sandbox).parameters) - {"seed"} <= set(rows)


@pytest.mark.parametrize(("page", "line"), list(command_lines()))
def test_a_command_on_a_page_can_be_given(page: str, line: str) -> None:
    command, words = command_of(shlex.split(line))
    if command.name not in NO_TYPER:
        command.make_context(command.name, words).close()


def test_the_options_of_the_command_line_are_all_there() -> None:
    pages = ("command.md", "campaigns.md", "idempotency.md", "suppression.md")
    text = "".join((DOCS / name).read_text(encoding="utf-8") for name in pages)
    named = set(re.findall(r"--[a-z][a-z-]*", text))
    paths = [
        ["send"],
        ["estimate"],
        ["quota"],
        ["doctor"],
        *(["campaign", name] for name in ("run", "status", "export")),
    ]
    paths += [["campaign", name] for name in ("resolve", "report", "move", "serve", "add", "retry", "list")]
    paths += [["idempotency", name] for name in ("list", "show", "resolve")]
    paths += [["suppress", name] for name in ("add", "remove", "list", "import")]
    of_all = {name for each in typer.main.get_command(app).params for name in each.opts if name.startswith("--")}
    existing = of_all.union(*map(options_of, paths)) - {"--help"}
    assert existing - named == set()
    assert named - existing == {"--help"}
