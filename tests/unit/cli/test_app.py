"""The command as a whole: its version, its examples, the titles that its options stand under."""

from __future__ import annotations

import shlex
import tomllib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

import customersms_async
from customersms_async._core.version import VERSION
from customersms_async.cli import app as app_module
from customersms_async.cli import examples
from customersms_async.cli.app import app
from support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = [line for lines in vars(examples).values() if isinstance(lines, tuple) for line in lines]


def test_the_version_is_the_one_of_the_package() -> None:
    ended = CliRunner().invoke(app, ["--version"])
    assert (ended.exit_code, ended.output) == (0, f"customersms {VERSION}\n")
    assert customersms_async.__version__ == VERSION == version("customersms-async")


def test_the_build_reads_the_version_where_it_stands() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert (ROOT / project["tool"]["hatch"]["version"]["path"]).exists()


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that a line gives, and the rest of the line."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "get_command"):
        context = command.make_context("customersms", [], resilient_parsing=True)
        command, words = command.get_command(context, words[0]), words[1:]
    return command, words


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_of_the_help_can_be_given(line: str) -> None:
    name, *words = shlex.split(line.partition(" > ")[0])
    assert name == "customersms"
    command, rest = command_of(words)
    command.make_context(command.name, rest).close()
    assert line in command.epilog.split("\n\n")


def all_commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command that does something, and is no group of others."""
    if not hasattr(command, "list_commands"):
        yield path
        return
    context = command.make_context("customersms", [], resilient_parsing=True)
    for name in command.list_commands(context):
        yield from all_commands(command.get_command(context, name), (*path, name))


COMMANDS = list(all_commands(typer.main.get_command(app)))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_ends_with_examples(path: tuple[str, ...]) -> None:
    ended = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "300", "TERM": "dumb"})
    assert ended.exit_code == 0
    shown = ended.output.partition("For example:")[2]
    lines = [line.strip() for line in shown.splitlines() if line.strip()]
    assert lines
    assert all(line.startswith(" ".join(("customersms", *path))) for line in lines), lines


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_only_commands_that_have_outcomes_promise_them_in_json(path: tuple[str, ...]) -> None:
    said = [each.help for each in command_of(list(path))[0].params if each.name == "json"]
    assert any("per outcome" in each for each in said) is (path in (("send",), ("campaign", "run")))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_places_of_a_quota_are_all_told(path: tuple[str, ...]) -> None:
    for option in command_of(list(path))[0].params:
        if option.name == "quota":
            assert option.metavar == "PATH|redis://…|postgresql://…|memory"


def test_an_estimate_shows_no_option_that_changes_nothing_and_takes_it() -> None:
    ended = CliRunner().invoke(app, ["estimate", "--help"], env={"COLUMNS": "300", "TERM": "dumb"})
    assert "--yes" not in ended.output
    assert "those options of send that change the figures" in " ".join(ended.output.split())
    ended = CliRunner().invoke(app, ["estimate", "+12125551234", "--message", "Hi", "--yes", "--quota", "memory"])
    assert ended.exit_code == 0


def test_the_list_of_commands_says_what_each_does_and_names_no_options() -> None:
    assert [name for name, late in app_module.COMMANDS.items() if "--" in late.help] == []


@pytest.mark.parametrize("path", ["send", "estimate", "campaign run"])
def test_options_stand_under_titles_with_what_they_are_about(path: str) -> None:
    panels = {each.name: each.rich_help_panel for each in command_of(path.split())[0].params if each.name != "help"}
    assert panels["region"] == "Reading the file"
    assert panels["url"] == "Gateway, quota and speed"
    assert panels["yes"] == "Asking, showing and recording"
    assert panels["message"] in (None, "Options")
