"""``customersms campaign run``: into the ledger, out through a client, with a screen and an ending."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import typer

from ..._core.notations import in_all_notations
from ...campaign import Campaign
from ...campaign.arguments import suppressed_numbers
from ...campaign.ledger_opening import is_address
from ...campaign.refusals import LedgerAwayError
from ...campaign.run_times import RunTimes
from ...campaign.states import State
from ...campaign.wanted import kept_from_running
from ...campaign.wanted_states import Wanted
from ...errors import ConfigurationError, CustomerSMSError
from ..confirmation import NOTHING_ELSE, ask
from ..credentials import check_key
from ..credits_warning import CreditsWarning, read_amount
from ..error_words import in_words
from ..exits import ending_well, fail
from ..options import quota_named
from ..output import safe_console, say_json
from ..route import confirm, open_route
from ..send.by_hours import job_by_hours
from ..send.commands import check_job, file_job, list_rules, show
from ..send.list_facts import suppression
from ..send.message import rules_of
from ..send.screen import Screen
from ..send.sending import Progress
from ..send.trial import send_trial, text_of_row, trial_of
from ..signals import GracefulStop
from ..watching import watching
from .ending import exit_status, show_ending, summary, wanted_still
from .file_line import with_file_line
from .guard_options import check_guards
from .hours_outlook import HoursOutlook
from .input_check import is_there, refuse_other_letters, text_of
from .move_output import refuse_if_moved
from .resume_hints import hints, once_resumed
from .started_campaign import planned_text, read_ledger, recipients_among, show_started

if TYPE_CHECKING:
    from decimal import Decimal

    from rich.console import Console

    from ...campaign.rows import Input
    from ...client import AsyncClient
    from ..options import ClientOptions
    from ..send.job import Job
    from .ledger_place import LedgerPlace
    from .sending_options import RunOptions
    from .started_campaign import StartedCampaign


class CampaignRun(msgspec.Struct, frozen=True, kw_only=True):
    """One ``campaign run``: where, what (a ``job`` of ``None``: what is in the ledger), how, and what stops it.

    ``compared`` is the ledger's input, if the job's letters were found to be those of it. ``suppressed`` are the
    numbers of ``--suppress``, read once: a pipe says them only once. ``resume`` is the command that goes on with it.
    """

    ledger: LedgerPlace
    job: Job | None
    compared: Input | None
    template: str | None
    client: ClientOptions
    region: str | None
    guards: dict[str, Any]
    suppressed: tuple[str, ...]
    one_per_number: bool
    resume: str
    times: dict[str, Any]
    warn_credits: Decimal | None = None
    metrics_port: int | None = None


def run_ledger(options: RunOptions, resume: str) -> None:
    """Do what ``customersms campaign run`` does; ``resume`` is the command that goes on with it."""
    ledger, file, client, reading = options.ledger, options.file, options.client, options.reading
    guards, region = options.guards.read(), reading.region
    asks = not options.yes and not options.dry_run
    trial = trial_of(options.trial, region, asks=asks)
    console = safe_console(json=options.json)
    with ending_well(options.log_level), contextlib.ExitStack() as stack:
        if not client.sandbox and not options.dry_run:
            check_key()
        check_guards(guards)
        times, in_database = options.times.read(), is_address(ledger.given)
        RunTimes(**times, in_database=in_database)  # refused before anything is read
        started = read_ledger(ledger, client.batch_size, samples=max(1, options.sample))
        if started is None or started.is_draft:
            options.times.refuse_over()
        if started is not None and not options.dry_run:
            refuse_if_moved(ledger, started.move)
        if started is not None and started.planned and not options.dry_run:
            kept_from_it = kept_from_running(started.wanted)
            if kept_from_it is not None:
                again = once_resumed(resume, ledger)
                fail("\n".join((f"{in_words(kept_from_it)}: {again}", *hints(again, ledger))), 4)
        text = text_of(options, started)
        job = None
        suppress, region = options.guards.suppress, reading.region
        rules = list_rules(suppress, options.guards.suppress_column, reading)
        suppressed = rules.suppressed or frozenset()
        if file is not None and text is not None:
            text_rules = rules_of(options.text)
            job = stack.enter_context(
                contextlib.closing(file_job(file, text, reading, text_rules, options.zone_column))
            )
        tried: str | None = None
        if started is None and job is not None:
            checked = check_job(job, client, region, console, samples=options.sample, rules=rules)
            by_hours = job_by_hours(job, checked, region, client, times, in_database=in_database)
            show(job, checked, client, console, as_object=options.json and options.dry_run, by_hours=by_hours)
            tried = trial and text_of_row(job, checked, region, trial.row)
            in_campaign = len(checked.list_facts.found)
        elif started is not None:
            if job is not None:
                refuse_other_letters(ledger, started, job, text, console)
            dry_run = options.dry_run
            as_object = options.json and dry_run
            show_started(ledger, started, client, console, times, guards, dry_run=dry_run, as_object=as_object)
            tried = trial and planned_text(ledger, started, trial.row)
            in_campaign = recipients_among(ledger, frozenset(in_all_notations(suppressed)))
        if suppress is not None and (started is not None or options.json):
            line = suppression(len(suppressed), in_campaign, rules.list_remarks)
            safe_console(json=options.json).print(line, highlight=False, markup=False)
        if options.dry_run:
            return
        if asks and started is not None and started.is_over:
            raise typer.Exit(_end_over(ledger, started, console, json=options.json))
        if trial is not None and tried is not None:
            send_trial(trial, tried, client, console)
        if asks and (trial is not None or not client.sandbox):
            ask(file, **({} if trial is None else {"otherwise": NOTHING_ELSE}))
        run = CampaignRun(
            ledger=ledger,
            job=job,
            compared=None if started is None or job is None else started.added,
            template=text,
            client=client,
            region=region,
            guards=guards,
            suppressed=tuple(suppressed),
            one_per_number=reading.one_per_number,
            resume=resume,
            times=times,
            warn_credits=None if options.warn_credits is None else read_amount("--warn-credits", options.warn_credits),
            metrics_port=options.metrics_port,
        )
        raise typer.Exit(asyncio.run(run_campaign(run, console, json=options.json)))


def _end_over(ledger: LedgerPlace, started: StartedCampaign, console: Console, *, json: bool) -> int:
    """End without a question or a run, as nobody would get a text; gives the exit status."""
    progress = Progress(0, 0, time.monotonic(), Counter(), {})
    status = exit_status(progress, started.counts)
    show_ending(ledger, progress, started.counts, None, console, resume=None)
    if json:
        say_json({"summary": summary(progress, started.counts, None, status=status, resume=None)})
    return status


async def run_campaign(run: CampaignRun, console: Console, *, json: bool) -> int:
    """Add what is to be added, send to everyone who is planned, sum up; gives the exit status."""
    began = time.monotonic()
    async with (
        open_route(run.client, console, metrics_port=run.metrics_port) as route,
        Campaign.open(run.ledger.given) as campaign,
    ):
        if run.job is not None:
            await _add(campaign, run, run.job, console)
        before = await campaign.counts()
        planned = before[State.PLANNED]
        requests = await campaign.ledger.requests(run.client.batch_size)
        progress = Progress(planned, requests, began, Counter(), {})
        screen = Screen(console)
        seconds_left = partial(HoursOutlook().seconds_left, campaign.ledger, quota_named(run.client.quota))
        has_times = any(value is not None for value in run.times.values())
        async with watching(route, progress, screen, seconds_left if has_times else None):
            warning = CreditsWarning(run.warn_credits, route.client, console, json=json)
            await _send(campaign, route.client, run, progress, screen, warning, json=json)
        try:
            counts = await campaign.ledger.counts()
        except LedgerAwayError as error:
            if not progress.interrupted:
                raise
            _leave_uncounted(run, progress.error or error)
        progress.error = with_file_line(progress.error, run.job)
        if route.sandbox is not None and planned + before[State.SKIPPED] == sum(before.values()):
            confirm(route.sandbox, progress, console)
        status = exit_status(progress, counts)
        resume, left = None if status in (0, 3) else _going_on(run, progress), route.client.remaining_credits
        show_ending(run.ledger, progress, counts, left, console, resume=resume)
    if json:
        say_json({"summary": summary(progress, counts, left, status=status, resume=resume)})
    return status


def _leave_uncounted(run: CampaignRun, error: Exception) -> NoReturn:
    """End a run that was interrupted while its database was away, so that nobody can say how the campaign stands."""
    again = f"to go on, once it is back: {run.resume}"
    lines = (f"interrupted, and {in_words(error)}: {again}", *hints(run.resume, run.ledger), wanted_still(run.ledger))
    fail("\n".join(lines), 130)


def _going_on(run: CampaignRun, progress: Progress) -> str:
    """The command that goes on with it; where a person has paused or stopped it, that is to be taken back first."""
    by_person = getattr(progress.error, "guard", "") in (Wanted.PAUSED, Wanted.STOPPED)
    return once_resumed(run.resume, run.ledger) if by_person else run.resume


async def _add(campaign: Campaign, run: CampaignRun, job: Job, console: Console) -> None:
    """Put the job's letters into the ledger, unless they are there already."""
    waiting = console.status("adding to the ledger") if console.is_terminal else contextlib.nullcontext()
    suppressed = suppressed_numbers(run.suppressed, run.region)
    with waiting:
        if await is_there(campaign.ledger, run.compared):
            await campaign.ledger.suppress(suppressed, "add")
            return
        await campaign.ledger.add(
            *(job, run.template, run.region, suppressed),
            rehearsal=run.client.sandbox,
            one_per_number=run.one_per_number,
            keep=job.keep,
        )


async def _send(
    campaign: Campaign,
    client: AsyncClient,
    run: CampaignRun,
    progress: Progress,
    screen: Screen,
    warning: CreditsWarning,
    *,
    json: bool,
) -> None:
    """Send and tell every outcome. SIGINT and SIGTERM let requests in flight answer; a second one stops at once."""

    def interrupted() -> None:
        progress.interrupted = True
        screen.interrupted()

    stopping = GracefulStop(client, interrupted, campaign.ledger.hurry)
    stream = campaign.run(client, **run.guards, **run.times, suppress=run.suppressed, region=run.region)
    with stopping.handling_signals():
        try:
            async for outcome in stream:
                progress.requests = stream.requests
                progress.add(outcome, None)
                if json:
                    say_json(outcome)
                warning.look()
                screen.changed(progress)
        except (CustomerSMSError, OSError) as error:  # OSError: standard output can't be kept
            if not (stopping.begun and isinstance(error, ConfigurationError)):
                progress.error = error
    progress.requests = stream.requests
    await stopping.wait()
