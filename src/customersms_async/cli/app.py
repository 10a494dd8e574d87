"""The commands of ``customersms``, each with its options; the API key comes from the environment only.

What a command does is imported when it is called, so that none pays for another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from .._core.version import VERSION
from . import examples
from .bundle import takes_bundles
from .doctor.options import DoctorCommandOptions  # noqa: TC001 - takes_bundles reads it
from .options import QuotaCommandOptions  # noqa: TC001 - takes_bundles reads it
from .send.options import EstimateCommandOptions, SendCommandOptions  # noqa: TC001 - takes_bundles reads them
from .worker.options import WorkerOptions  # noqa: TC001 - takes_bundles reads it

if TYPE_CHECKING:
    from collections.abc import Callable

app: Final = typer.Typer(
    name="customersms",
    help="Send texts through customersms.pro: within its limits, never twice, with an outcome for everyone.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"customersms {VERSION}")
        raise typer.Exit


@app.callback()
def customersms(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version, and exit.")
    ] = False,
) -> None:
    """Run one of the commands."""


@app.command(epilog=examples.epilog(examples.SEND))
@takes_bundles
def send(options: SendCommandOptions) -> None:
    """Send a text to numbers, or to everyone in a file."""
    from .send import commands

    commands.send(options)


@app.command(epilog=examples.epilog(examples.ESTIMATE))
@takes_bundles
def estimate(options: EstimateCommandOptions) -> None:
    """Say what a send with the same options would come to; sends nothing and needs no key."""
    from .send import commands

    commands.estimate(options)


@app.command(epilog=examples.epilog(examples.QUOTA))
@takes_bundles
def quota(options: QuotaCommandOptions) -> None:
    """Show what is used and free of every limit of the key."""
    from .quota import show_quota

    show_quota(options)


@app.command(epilog=examples.epilog(examples.DOCTOR))
@takes_bundles
def doctor(options: DoctorCommandOptions) -> None:
    """Look at each part of the way to the gateway, say what is wrong and what to do; sends nothing."""
    from .doctor import commands

    commands.doctor(options)


@app.command(epilog=examples.epilog(examples.WORKER))
@takes_bundles
def worker(options: WorkerOptions) -> None:
    """Run the campaigns of a database that are wanted and that nobody runs, until SIGTERM or Ctrl-C."""
    from .worker import commands

    commands.work(options)


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sandbox(context: typer.Context) -> None:
    """Serve a made-up gateway until Ctrl-C: --port, --key, --credits, --limit, --latency, --fault, --magic, --help."""
    from ..sandbox.__main__ import main

    raise typer.Exit(main(context.args, prog="customersms sandbox"))


def _ledger() -> typer.Typer:
    from .ledger.app import app as ledger

    return ledger


def _suppress() -> typer.Typer:
    from .suppress.app import app as suppress

    return suppress


def _idempotency() -> typer.Typer:
    from .idempotency.app import app as idempotency

    return idempotency


def _campaign() -> typer.Typer:
    from .campaign.app import app as campaign

    return campaign


def _late(name: str, load: Callable[[], typer.Typer]) -> typer.Typer:
    """The group of that name, whose commands are imported when one of them (or their ``--help``) is asked for."""

    class LateGroup(TyperGroup):
        def make_context(self, *arguments: Any, **options: Any) -> Any:
            self.commands = typer.main.get_group(load()).commands
            return super().make_context(*arguments, **options)

    return typer.Typer(name=name, cls=LateGroup, no_args_is_help=True)


app.add_typer(
    _late("ledger", _ledger),
    help="Make the schema of a fleet in PostgreSQL, and trust a server after a fail-over.",
)
app.add_typer(
    _late("suppress", _suppress),
    help="Keep the list of people who said no, who get no text.",
)
app.add_typer(
    _late("idempotency", _idempotency),
    help="Look at the idempotency keys that programs keep, and decide about texts of unknown fate.",
)
app.add_typer(
    _late("campaign", _campaign),
    help="Send to many over hours or days, through kills and restarts, with a durable ledger.",
)
