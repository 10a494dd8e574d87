"""``customersms send`` and ``customersms estimate``: look at everything first, then send it all, then sum up."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, final

import msgspec
import typer
from rich.text import Text

from ...models import Status
from ..confirmation import NOTHING_ELSE, ask
from ..credentials import check_key
from ..credits_warning import CreditsWarning, read_amount
from ..error_words import in_words
from ..exits import ending_well
from ..files import PhoneColumns
from ..files.phone_list import suppressed_in
from ..forecast import forecast
from ..output import safe_console, say_json
from ..quota import note
from ..route import confirm, open_route
from ..watching import watching
from .allowed_now import allowed_now
from .checked_job import NO_RULES, ListRules
from .ending import ending
from .first_reading import check
from .job import Job, TextRules
from .kept_results import kept_results
from .message import read_message, rules_of
from .placeholders import refuse_any
from .preview import JobEstimate, preview, suspicions
from .results import NOWHERE, check_results, with_origin
from .screen import Screen
from .sending import Sending
from .trial import send_trial, text_of_row, trial_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from pathlib import Path

    from rich.console import Console

    from ...models import Outcome
    from ..options import ClientOptions, FileOptions
    from ..schedule_preview import SchedulePreview
    from .checked_job import CheckedJob
    from .options import EstimateCommandOptions, RecipientOptions, SendCommandOptions
    from .results import Origin, Results
    from .sending import Progress


def send(options: SendCommandOptions) -> None:
    """Do what ``customersms send`` does."""
    client, file, region = options.client, options.recipients.file, options.recipients.reading.region
    asks = file is not None and not options.yes and not options.dry_run
    trial = trial_of(options.trial, region, asks=asks)
    console = safe_console(json=options.json)
    with ending_well(options.log_level), contextlib.closing(open_job(options.recipients)) as job:
        check_results(options.output)
        if not client.sandbox and not options.dry_run:
            check_key()  # refused before anything is read
        rules = list_rules_of(options.recipients)
        checked = check_job(job, client, region, console, samples=options.sample, rules=rules)
        if file is not None or options.dry_run:
            show(job, checked, client, console, as_object=options.json and options.dry_run)
        else:
            for line in suspicions(checked):
                console.print(line)
        if options.dry_run:
            return
        if trial is not None:
            send_trial(trial, text_of_row(job, checked, region, trial.row), client, console)
        if file is not None and asks and (trial is not None or not client.sandbox):
            ask(file, **({} if trial is None else {"otherwise": NOTHING_ELSE}))
        with kept_results(options.output, raw=options.raw, keep=job.keep) as results:
            progress = asyncio.run(send_job(job, checked, options, results, console))
        raise typer.Exit(progress.exit_status)


def estimate(options: EstimateCommandOptions) -> None:
    """Do what ``customersms estimate`` does; nothing is sent, so ``--yes`` changes nothing."""
    console = safe_console(json=options.json)
    with ending_well(options.log_level), contextlib.closing(open_job(options.recipients, options.zone_column)) as job:
        region = options.recipients.reading.region
        rules = list_rules_of(options.recipients)
        times = options.times.read()
        options.times.refuse_over()
        checked = check_job(job, options.client, region, console, samples=options.sample, rules=rules)
        by_hours = None
        if any(given is not None for given in times.values()):
            from .by_hours import job_by_hours  # imported when used: it brings campaigns

            by_hours = job_by_hours(job, checked, region, options.client, times)
        show(job, checked, options.client, console, as_object=options.json, by_hours=by_hours)


def open_job(recipients: RecipientOptions, zone_column: str | None = None) -> Job:
    """The letters of a command: to numbers, or to a file's rows. Raises ``TemplateProblem`` as ``refuse_any`` does."""
    if bool(recipients.phones) is (recipients.file is not None):
        raise typer.BadParameter("give either phone numbers or --file")
    for phone in recipients.phones or []:
        if phone.lower().endswith(_FILES):
            raise typer.BadParameter(f"{phone} is the name of a file: give it with --file")
    message = read_message(recipients.text)
    if message is None:
        raise typer.BadParameter("Missing option '--message': give the text with it, or with --message-file")
    rules = rules_of(recipients.text)
    if recipients.file is not None:
        return file_job(recipients.file, message, recipients.reading, rules, zone_column)
    if rules.require:
        raise typer.BadParameter("--require names a column of a file, and numbers have none: give --file")
    if not rules.literal:
        refuse_any(message)
    return Job.of_phones(recipients.phones or [], message, rules)


_FILES = (".csv", ".tsv", ".txt", ".lst", ".jsonl", ".ndjson", ".xlsx", ".xls")
"""What names of files of people end in."""


def list_rules_of(recipients: RecipientOptions) -> ListRules:
    """Who of a command's recipients gets no text. Raises as ``list_rules`` does."""
    return list_rules(recipients.suppress, recipients.suppress_column, recipients.reading)


def list_rules(suppress: Path | None, columns: Sequence[str] | None, reading: FileOptions) -> ListRules:
    """Who gets no text, by ``--suppress`` and ``--one-per-number``.

    Raises ``FileProblem`` where it is not sure who is to be suppressed.
    """
    if suppress is None:
        return ListRules(None, reading.one_per_number)
    found = suppressed_in(suppress, reading.encoding, reading.region, columns)
    return ListRules(frozenset(found.numbers), reading.one_per_number, found.remarks)


def file_job(file: Path, message: str, reading: FileOptions, rules: TextRules, zone_column: str | None = None) -> Job:
    """The letters to a file's rows. Raises as ``Job.of_file`` does."""
    return Job.of_file(
        file,
        message,
        phone_column=PhoneColumns(tuple(reading.phone_column or ())),
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        rules=rules,
        keep=reading.keep or (),
        zone_column=zone_column,
    )


def check_job(
    job: Job,
    client: ClientOptions,
    region: str | None,
    console: Console,
    *,
    samples: int,
    rules: ListRules = NO_RULES,
) -> CheckedJob:
    """Read all of a job once, by ``rules``, and ask the quota when it would end.

    Raises what the job raises, ``ConfigurationError`` for an option out of range, and ``QuotaStoreError``.
    """
    options = client.options()
    waiting = console.status(Text(f"reading {job.name}")) if console.is_terminal else contextlib.nullcontext()
    with waiting, allowed_now(client) as allowed:
        checked = check(
            job,
            region=region,
            batch_size=options.batch_size,
            lookahead=options.batch_size * options.max_concurrency,
            samples=max(1, samples),
            rules=rules,
            findings=job.findings(),
            allowed=allowed,
        )
    checked.on_list, checked.capped = allowed.on_list, allowed.capped
    checked.list_facts.remarks = job.remarks
    checked.seconds = asyncio.run(forecast(client, checked.requests))
    return checked


def show(
    job: Job,
    checked: CheckedJob,
    client: ClientOptions,
    console: Console,
    *,
    as_object: bool,
    by_hours: SchedulePreview | None = None,
) -> None:
    """Show what a job would come to, for a program or for a person; ``by_hours``: if it keeps to some."""
    if by_hours is not None:
        checked.seconds = by_hours.seconds
    if as_object:
        estimate = msgspec.to_builtins(msgspec.convert(checked, JobEstimate, from_attributes=True))
        say_json(estimate if by_hours is None else {**estimate, **by_hours.as_object()})
        return
    console.print(preview(job.name, checked))
    if by_hours is not None:
        by_hours.show(console)
    console.print(note(client.quota_at), style="dim")


async def send_job(
    job: Job, checked: CheckedJob, options: SendCommandOptions, results: Results, console: Console
) -> Progress:
    """Send a checked job, show it, write every outcome, and sum up; the exit status is in what it returns."""
    recipients = options.recipients
    async with open_route(options.client, console, metrics_port=options.metrics_port) as route:
        screen = Screen(console)
        limit = None if options.warn_credits is None else read_amount("--warn-credits", options.warn_credits)
        warning = CreditsWarning(limit, route.client, console, json=options.json)
        kept = EchoedResults(results, job.keep) if options.json else results
        sending = Sending(job, checked, route.client, kept, screen, warning)
        async with watching(route, sending.progress, screen):
            priority = options.turn.priority_of(file=recipients.file is not None)
            max_wait, guards = options.turn.max_wait, options.failures.read()
            progress = await sending.run(recipients.reading.region, priority, guards, max_wait=max_wait)
        console.print(ending(progress, route.client.remaining_credits))
        if route.sandbox is not None:
            confirm(route.sandbox, progress, console)
    if options.json:
        say_json({"summary": _summary(progress, route.client.remaining_credits)})
    return progress


@final
class EchoedResults:
    """Results that are written to standard output as JSON lines, too; mutable state: why those can't be any more."""

    def __init__(self, results: Results, keep: Sequence[str] = ()) -> None:
        self._results = results
        self._keep = keep
        self._failed: OSError | None = None

    def write(self, outcome: Outcome, origin: Origin = NOWHERE) -> None:
        """Write one outcome to both, each for as long as it can be. Raises ``OSError`` where one of them can't."""
        try:
            self._results.write(outcome, origin)
        finally:
            self._echo(outcome, origin)

    def _echo(self, outcome: Outcome, origin: Origin) -> None:
        try:
            if self._failed is None:
                say_json(with_origin(outcome, origin, self._keep))
        except OSError as error:
            self._failed = error
        if self._failed is not None:
            raise self._failed

    def close(self) -> None:
        """Close the results."""
        self._results.close()


def _summary(progress: Progress, remaining_credits: Decimal | None) -> dict[str, Any]:
    return {
        "rows": progress.total,
        **{status.value: progress.counts[status] for status in Status},
        "duplicates": progress.duplicates,
        "suppressed": progress.suppressed,
        "capped": progress.capped,
        "not_read": progress.total - progress.done,
        "not_kept": progress.not_kept,
        "requests": progress.requests,
        "remaining_credits": remaining_credits,
        "seconds": round(progress.seconds, 3),
        "interrupted": progress.interrupted,
        "error": None if progress.error is None else in_words(progress.error),
        "exit_status": progress.exit_status,
    }
