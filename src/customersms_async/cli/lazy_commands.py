"""Lazy commands: each is put together when it is asked for.

Typer makes a command of each signature and imports what the signature names: for all commands together four times what
``--help`` takes that only names them. Rejected: typer's panels for that page, as to draw them costs as much again.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

import typer
from typer.core import TyperGroup

from .typed_values import in_own_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE: Final = __name__.rpartition(".")[0]


class LazyCommand(NamedTuple):
    """A command, or a group of them: ``place`` is the ``typer.Typer`` that has it, as ``module:name``."""

    place: str
    help: str


@final
class _LazyCommands(Mapping[str, Any]):
    """The commands of a group by their names, each made when it is looked up. Mutable state: those made so far."""

    def __init__(self, commands: Mapping[str, LazyCommand]) -> None:
        self.lazy = commands
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            lazy = self.lazy[name]
            module, _, attribute = lazy.place.partition(":")
            command = typer.main.get_command(getattr(importlib.import_module(f"{_HERE}.{module}"), attribute))
            command.name, command.help = name, lazy.help
            self._made[name] = command
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.lazy)

    def __len__(self) -> int:
        return len(self.lazy)


def lazy_group(commands: Mapping[str, LazyCommand]) -> type[TyperGroup]:
    """The kind of a group that has these commands, in their order."""

    class LazyGroup(TyperGroup):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.commands: Any = _LazyCommands(commands)

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            """Show the page if nothing is asked for."""
            if not args and not ctx.resilient_parsing:
                typer.echo(ctx.get_help())
                ctx.exit(2)
            return super().parse_args(ctx, args)

        def invoke(self, ctx: Any) -> Any:
            """Run the command that is asked for; what is wrong with a value is said in our words."""
            try:
                return super().invoke(ctx)
            except typer.BadParameter as error:
                raise in_own_words(error) from None

        def format_help(self, ctx: Any, formatter: Any) -> None:
            """Write the page without panels."""
            panels, self.rich_markup_mode = self.rich_markup_mode, None
            try:
                super().format_help(ctx, formatter)
            finally:
                self.rich_markup_mode = panels

        def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - click's names
            """Write each command's name and what it does."""
            with formatter.section("Commands"):
                formatter.write_dl([(name, lazy.help) for name, lazy in commands.items()])

    return LazyGroup
