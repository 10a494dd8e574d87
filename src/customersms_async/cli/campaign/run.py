"""``customersms campaign run``: into the ledger, out through a client, with a screen and an ending."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import typer

from ...campaign import Campaign
from ...campaign.states import State
from ...errors import ConfigurationError, CustomerSMSError
from ..exits import ending_well
from ..output import safe_console, say_json
from ..permission import ask, check_key
from ..route import confirm, open_route
from ..send.commands import check_job, file_job, show
from ..send.screen import Screen
from ..send.sending import Progress
from ..signals import GracefulStop
from ..watching import watching
from .ending import exit_status, show_ending, summary
from .options import check_guards
from .phone_list import numbers_in
from .started import read_ledger, show_started

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from ...client import AsyncClient
    from ..options import ClientOptions
    from ..send.job import Job
    from .options import RunOptions
    from .started import StartedCampaign


class CampaignRun(msgspec.Struct, frozen=True, kw_only=True):
    """One ``campaign run``: where, what (a ``job`` of ``None``: what is in the ledger), how, and what stops it.

    ``suppressed`` are the numbers of ``--suppress``, read once: a pipe says them only once. ``resume`` is the command
    that goes on with the campaign.
    """

    ledger: Path
    job: Job | None
    template: str | None
    client: ClientOptions
    region: str | None
    guards: dict[str, Any]
    suppressed: tuple[str, ...]
    resume: str


def run_ledger(options: RunOptions, resume: str) -> None:
    """Do what ``customersms campaign run`` does; ``resume`` is the command that goes on with it."""
    ledger, file, client, reading = options.ledger, options.file, options.client, options.reading
    guards = options.guards.read()
    console = safe_console(json=options.json)
    with ending_well(options.log_level), contextlib.ExitStack() as stack:
        if not client.sandbox and not options.dry_run:
            check_key()
        check_guards(guards)
        started = read_ledger(ledger, client.batch_size)
        text = _text_of(options, started)
        job = None
        if file is not None and text is not None:
            job = stack.enter_context(contextlib.closing(file_job(file, text, reading)))
        suppress, region = options.guards.suppress, reading.region
        suppressed = () if suppress is None else tuple(numbers_in(suppress, reading.encoding, region))
        if started is None and job is not None:
            checked = check_job(job, client, region, console, samples=options.sample)
            show(job, checked, client, console, as_object=options.json and options.dry_run)
        elif started is not None:
            show_started(ledger, started, client, console, as_object=options.json and options.dry_run)
        if options.dry_run:
            return
        if not client.sandbox and not options.yes:
            ask(file or ledger)
        run = CampaignRun(
            ledger=ledger,
            job=job,
            template=text,
            client=client,
            region=region,
            guards=guards,
            suppressed=suppressed,
            resume=resume,
        )
        raise typer.Exit(asyncio.run(run_campaign(run, console, json=options.json)))


def _text_of(options: RunOptions, started: StartedCampaign | None) -> str | None:
    """The text as given, else the ledger's, which has none if its recipients came with texts of their own.

    Raises for what a new campaign lacks, and for what does not go with one that was begun.
    """
    ledger, file, message = options.ledger, options.file, options.message
    if started is None and file is None:
        raise typer.BadParameter("a new campaign needs FILE and --message")
    if started is not None:
        if file is None and message is not None and message != started.template:
            raise ConfigurationError(f"{ledger} was made with another message: use another ledger for this one")
        if started.rehearsal is not options.client.sandbox:
            raise ConfigurationError(
                f"{ledger} was made with --sandbox, so nobody on it got a text: use another ledger for the campaign"
                if started.rehearsal
                else f"{ledger} is a campaign's, and --sandbox would record texts that nobody got: use another ledger"
            )
        message = started.template if message is None else message
    if file is not None and message is None:
        raise typer.BadParameter("a new campaign needs --message as well as FILE")
    return message


async def run_campaign(run: CampaignRun, console: Console, *, json: bool) -> int:
    """Add what is to be added, send to everyone who is planned, sum up; gives the exit status."""
    began = time.monotonic()
    async with open_route(run.client, console) as route, Campaign.open(run.ledger) as campaign:
        if run.job is not None:
            await _add(campaign, run, run.job, console)
        before = await campaign.counts()
        planned = before[State.PLANNED]
        requests = await campaign.ledger.requests(run.client.batch_size)
        progress = Progress(planned, requests, began, Counter(), {})
        screen = Screen(console)
        async with watching(route, progress, screen):
            await _send(campaign, route.client, run, progress, screen, json=json)
        counts = await campaign.ledger.counts()
        if route.sandbox is not None and planned + before[State.SKIPPED] == sum(before.values()):
            confirm(route.sandbox, progress, console)
        status = exit_status(progress, counts)
        resume, left = None if status in (0, 3) else run.resume, route.client.remaining_credits
        show_ending(run.ledger, progress, counts, left, console, resume=resume)
    if json:
        say_json({"summary": summary(progress, counts, left, status=status, resume=resume)})
    return status


async def _add(campaign: Campaign, run: CampaignRun, job: Job, console: Console) -> None:
    """Put the job's letters into the ledger, unless they are there already."""
    waiting = console.status("adding to the ledger") if console.is_terminal else contextlib.nullcontext()
    with waiting:
        await campaign.add_letters(
            job, run.template, region=run.region, suppress=run.suppressed, rehearsal=run.client.sandbox
        )


async def _send(
    campaign: Campaign, client: AsyncClient, run: CampaignRun, progress: Progress, screen: Screen, *, json: bool
) -> None:
    """Send and tell every outcome. SIGINT and SIGTERM let requests in flight answer; a second one stops at once."""

    def interrupted() -> None:
        progress.interrupted = True
        screen.interrupted()

    stopping = GracefulStop(client, interrupted)
    stream = campaign.run(client, **run.guards, suppress=run.suppressed, region=run.region)
    with stopping.handling_signals():
        try:
            async for outcome in stream:
                progress.requests = stream.requests
                progress.add(outcome, None)
                if json:
                    say_json(outcome)
                screen.changed(progress)
        except (CustomerSMSError, OSError) as error:  # OSError: standard output can't be kept
            if not (stopping.begun and isinstance(error, ConfigurationError)):
                progress.error = error
    progress.requests = stream.requests
    await stopping.wait()
