"""Options as structs: what typer sees of them, and what a command gets."""

from __future__ import annotations

import inspect
from typing import Annotated, Any, ClassVar, get_args

import pytest
import typer
from typer.testing import CliRunner

from customersms_async._core.options import Options
from customersms_async.cli.allowed_options import AllowedOptions
from customersms_async.cli.app import app
from customersms_async.cli.campaign.app import app as campaign
from customersms_async.cli.option_group import OptionGroup, takes_option_groups
from customersms_async.cli.options import ClientOptions, FileOptions
from customersms_async.cli.send.options import EstimateCommandOptions, SendCommandOptions
from customersms_async.client import AsyncClient

URL = "https://sms.invalid/"


Shared = Annotated[int, typer.Option("--shared")]


class Inner(OptionGroup, frozen=True, kw_only=True):
    colour: Annotated[str, typer.Option("--colour")] = "red"
    size: Annotated[int, typer.Option("--size")]


class Outer(OptionGroup, frozen=True, kw_only=True):
    name: Annotated[str, typer.Argument()] = "nobody"
    inner: Inner
    loud: Annotated[bool, typer.Option("--loud")] = False


def test_every_field_is_an_option_in_the_order_of_the_fields() -> None:
    @takes_option_groups
    def command(*, options: Outer) -> None:
        """Do it."""

    parameters = inspect.signature(command).parameters
    assert list(parameters) == ["name", "colour", "size", "loud"]
    assert {name: p.default for name, p in parameters.items() if p.default is not p.empty} == {
        "name": "nobody", "colour": "red", "loud": False,
    }  # fmt: skip
    assert {p.kind for p in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert command.__doc__ == "Do it."


class Titled(OptionGroup, frozen=True, kw_only=True):
    panel: ClassVar[str] = "Loudness"
    loud: Annotated[bool, typer.Option("--loud")] = False
    shared: Shared = 1
    inner: Inner


def test_the_options_of_a_bundle_stand_under_its_title_and_those_of_another_do_not() -> None:
    @takes_option_groups
    def command(*, options: Titled) -> None: ...

    about = {name: get_args(p.annotation)[1] for name, p in inspect.signature(command).parameters.items()}
    titles = {name: each.rich_help_panel for name, each in about.items()}
    assert titles == {"loud": "Loudness", "shared": "Loudness", "colour": None, "size": None}
    assert get_args(Shared)[1].rich_help_panel is None, "what several groups use is left as it is"


def test_a_command_gets_its_bundles_and_what_is_none_as_it_is() -> None:
    given: list[Any] = []
    made = typer.Typer()

    @made.command()
    @takes_option_groups
    def command(context: typer.Context, options: Outer) -> None:
        given.append((context.command_path, options))

    ended = CliRunner().invoke(made, ["Ann", "--size", "3"], prog_name="x")
    assert ended.exit_code == 0, ended.output
    assert given == [("x", Outer(name="Ann", inner=Inner(size=3)))]
    assert CliRunner().invoke(made, []).exit_code == 2, "--size has no default"


def test_a_bundle_is_frozen_and_made_by_name_alone() -> None:
    with pytest.raises(TypeError):
        Inner("red", 3)  # type: ignore[call-arg]  # and positions too
    with pytest.raises(AttributeError):
        Inner(size=3).size = 4  # type: ignore[misc]  # what a type checker refuses is refused here as well


def test_an_option_of_the_client_that_is_not_given_is_as_the_client_has_it() -> None:
    assert ClientOptions().options(URL) == Options(URL)
    ours = {name for name in ClientOptions.__struct_fields__ if name in inspect.signature(AsyncClient).parameters}
    assert ours == {"url", "quota", "pace", "batch_size", "max_concurrency", "timeout"}


def test_a_send_and_its_estimate_take_the_same_recipients_and_client() -> None:
    shared = {"recipients", "client", "yes", "sample", "json", "log_level"}
    assert set(EstimateCommandOptions.__struct_fields__) == shared | {"zone_column", "times"}
    own = {"turn", "failures", "warn_credits", "trial", "dry_run", "output", "raw", "metrics_port"}
    assert set(SendCommandOptions.__struct_fields__) == shared | own


@pytest.mark.parametrize("command", ["send", "estimate", "run"])
def test_every_command_that_sends_has_every_option_of_the_client_and_of_files(command: str) -> None:
    group = typer.main.get_group(campaign if command == "run" else app)
    options = {each.name for each in group.commands[command].params}
    of_client = {*ClientOptions.__struct_fields__, *AllowedOptions.__struct_fields__} - {"allowed"}
    assert options >= {*of_client, *FileOptions.__struct_fields__}
