"""``customersms campaign``: a send that can be killed at any moment and goes on where it was.

Exit status: 0 finished and everyone accepted (duplicates and suppressed numbers aside), 3 finished otherwise, 4 stopped
by a guard, 130 interrupted, 1 an error, 2 wrong usage or unreadable input.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Collection  # noqa: TC003 - typer reads the annotations
from pathlib import Path
from typing import Annotated, Final

import typer

from ..._core.options import DEFAULT_STOP_AFTER_UNKNOWN
from ..._core.plural import counted
from ...campaign import Campaign
from ...campaign.states import SAYS, State, sources
from ...errors import ConfigurationError
from .. import options as args
from ..app import app, ask, check_key, ending_well, fail, job_of, limits_of, settings_of, show
from ..output import console_on, say
from ..send.bulk import check_job
from ..send.results import as_json
from . import options as guarding
from .export import FORMATS, export_entries
from .report import write_report
from .run import Begun, Run, look, run_campaign, show_begun
from .screen import numbers, standing

__all__ = ["app"]

campaign: Final = typer.Typer(
    name="campaign",
    help="Send to many over hours or days, through kills and restarts, with a ledger on disk.",
    no_args_is_help=True,
)
app.add_typer(campaign)

Ledger = Annotated[Path, typer.Option("--ledger", metavar="PATH", help="The campaign's file, on a local disk.")]
OptionalFile = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="As for send --file; not needed to go on with a ledger.")
]
OptionalMessage = Annotated[
    str | None, typer.Option("--message", "-m", help="The text, as for send; not needed to go on with a ledger.")
]


@campaign.command()
def run(
    context: typer.Context,
    ledger: Ledger,
    file: OptionalFile = None,
    message: OptionalMessage = None,
    phone_column: args.PhoneColumn = None,
    encoding: args.Encoding = "utf-8",
    delimiter: args.Delimiter = None,
    region: args.Region = None,
    url: args.Url = None,
    limit: args.Limits = None,
    quota: args.Quota = None,
    pace: args.Pace = None,
    batch_size: args.BatchSize = 100,
    max_concurrency: args.MaxConcurrency = 8,
    timeout: args.Timeout = 30.0,
    sandbox: args.UseSandbox = False,
    yes: args.Yes = False,
    dry_run: args.DryRun = False,
    sample: args.Sample = 0,
    keep_credits: guarding.KeepCredits = None,
    max_recipients: guarding.MaxRecipients = None,
    max_segments: guarding.MaxSegments = None,
    stop_after_unknown: guarding.StopAfterUnknown = DEFAULT_STOP_AFTER_UNKNOWN,
    until: guarding.Until = None,
    allow_prefix: guarding.AllowPrefix = None,
    suppress: guarding.Suppress = None,
    json: args.Json = False,
    log_level: args.Logging = args.LogLevel.WARNING,
) -> None:
    """Begin a campaign, or go on with it: to everyone in FILE who was not sent to yet."""
    settings = settings_of(url, limit, pace, batch_size, max_concurrency, timeout, region, sandbox, quota)
    guards = guarding.read(keep_credits, max_recipients, max_segments, stop_after_unknown, until, allow_prefix)
    console = console_on(sys.stderr if json else sys.stdout)
    with ending_well(log_level), contextlib.ExitStack() as stack:
        if not sandbox and not dry_run:
            check_key()
        guarding.check(guards)
        begun = look(ledger, settings.batch_size)
        text = _text_of(ledger, begun, file, message, sandbox=sandbox)
        job = None
        if file is not None and text is not None:
            job = stack.enter_context(contextlib.closing(job_of(None, text, file, phone_column, encoding, delimiter)))
        suppressed = () if suppress is None else tuple(guarding.numbers_in(suppress, encoding, region))
        work = Run(ledger, job, text, settings, guards, suppressed, guarding.resume_command(context))
        if begun is None and job is not None:
            checked, outlook = check_job(job, settings, console, sample)
            show(job, settings, checked, outlook, console, as_object=json and dry_run)
        elif begun is not None:
            show_begun(work, begun, console, as_object=json and dry_run)
        if dry_run:
            return
        if not sandbox and not yes:
            ask(file or ledger)
        raise typer.Exit(asyncio.run(run_campaign(work, console, json=json)))


def _text_of(ledger: Path, begun: Begun | None, file: Path | None, message: str | None, *, sandbox: bool) -> str | None:
    """The text as given, else the ledger's, which has none if its recipients came with texts of their own.

    Raises for what a new campaign lacks, and for what does not go with one that was begun.
    """
    if begun is None and file is None:
        raise typer.BadParameter("a new campaign needs FILE and --message")
    if begun is not None:
        if file is None and message is not None and message != begun.template:
            raise ConfigurationError(f"{ledger} was made with another message: use another ledger for this one")
        if begun.rehearsal is not sandbox:
            raise ConfigurationError(
                f"{ledger} was made with --sandbox, so nobody on it got a text: use another ledger for the campaign"
                if begun.rehearsal
                else f"{ledger} is a campaign's, and --sandbox would record texts that nobody got: use another ledger"
            )
        message = begun.template if message is None else message
    if file is not None and message is None:
        raise typer.BadParameter("a new campaign needs --message as well as FILE")
    return message


@campaign.command()
def status(ledger: Ledger, json: args.Json = False, log_level: args.Logging = args.LogLevel.WARNING) -> None:
    """Say how many recipients are in which state."""
    with ending_well(log_level):
        begun = look(ledger, must_exist=True)
        counts = [] if begun is None else begun.counts
        if json:
            say(as_json(numbers(counts)))
        else:
            console_on(sys.stdout).print(standing(str(ledger), counts))


@campaign.command()
def export(
    ledger: Ledger,
    format: Annotated[FORMATS, typer.Option("--format", help="What to write to standard output.")],  # noqa: A002
    status: Annotated[list[State] | None, typer.Option("--status", help="Only these; may be given again.")] = None,
    log_level: args.Logging = args.LogLevel.WARNING,
) -> None:
    """Write what became of everyone to standard output, in the input's order."""
    with ending_well(log_level):
        try:
            asyncio.run(export_entries(ledger, format, status or list(State)))
        except OSError as error:
            fail(f"standard output can't be written: {error.strerror}", 1)


@campaign.command()
def resolve(
    ledger: Ledger,
    becomes: Annotated[guarding.Becomes, typer.Option("--as", help="What they are from now on.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so; the ledger keeps the name.")],
    status: Annotated[State | None, typer.Option("--status", help="All who are unknown, or rejected.")] = None,
    phones: Annotated[Path | None, typer.Option("--phones", metavar="FILE", help="Only these numbers.")] = None,
    encoding: args.Encoding = "utf-8",
    region: args.Region = None,
    json: args.Json = False,
    log_level: args.Logging = args.LogLevel.WARNING,
) -> None:
    """Record what a person found out about unknown or rejected recipients."""
    if (status is None) is (phones is None):
        raise typer.BadParameter("give either --status or --phones")
    with ending_well(log_level):
        chosen = status if phones is None else list(guarding.numbers_in(phones, encoding, region))

        async def decide() -> tuple[int, int, set[str]]:
            """How many it applied to, how many it left as they are, and the numbers that nobody has."""
            async with Campaign.open(ledger, create=False) as opened:
                concerned, missed = await _concerned(opened, chosen or (), becomes)
                count = await opened.resolve(chosen or (), as_=becomes, by=by)
                return count, concerned - count, missed

        count, kept, missed = asyncio.run(decide())
        if json:
            say(as_json({"resolved": count, "as": becomes, "by": by}))
        else:
            who = counted(count, "recipient is", "recipients are")
            console_on(sys.stdout).print(f"{who} {becomes} from now on", highlight=False)
            if kept > 0:
                who = counted(kept, "is", "are")
                console_on(sys.stdout).print(f"{who} suppressed, and stay as they are", highlight=False)
        if missed:
            fail("not every number is in this ledger and in a state from which that is possible", 1)


async def _concerned(opened: Campaign, chosen: str | Collection[str], becomes: str) -> tuple[int, set[str]]:
    """How many recipients may become that, of a state or of some numbers, and the numbers that none of them has."""
    if isinstance(chosen, str):
        return (await opened.counts())[State(chosen)], set()
    count, numbers = 0, set(chosen)
    missed = set(numbers)
    async for page in opened.pages(sources(SAYS[State(becomes)])):
        found = [entry.phone for entry in page if entry.phone in numbers]
        count += len(found)
        missed.difference_update(found)
    return count, missed


@campaign.command()
def report(
    ledger: Ledger,
    html: Annotated[Path, typer.Option("--html", metavar="OUT.html", help="The page to write, or to write anew.")],
    limit: args.Limits = None,
    log_level: args.Logging = args.LogLevel.WARNING,
) -> None:
    """Write one self-contained page about the campaign."""
    with ending_well(log_level):
        try:
            asyncio.run(write_report(ledger, html, limits_of(limit)))
        except OSError as error:
            fail(f"{html}: {error.strerror}", 2)
