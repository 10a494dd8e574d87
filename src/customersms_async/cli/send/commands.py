"""``customersms send`` and ``customersms estimate``: look at everything first, then send it all, then sum up."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, final

import msgspec
import typer
from rich.text import Text

from ...models import Priority, Status
from ..exits import ending_well
from ..forecast import forecast
from ..output import safe_console, say_json
from ..permission import ask, check_key
from ..quota import note
from ..route import confirm, open_route
from ..watching import watching
from .check import check
from .ending import ending
from .job import Job
from .preview import JobEstimate, preview
from .results import check_results, open_results
from .screen import Screen
from .sending import Sending

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from rich.console import Console

    from ...models import Outcome
    from ..options import ClientOptions, EstimateCommandOptions, FileOptions, RecipientOptions, SendCommandOptions
    from .check import Checked
    from .results import Results
    from .sending import Progress


def send(options: SendCommandOptions) -> None:
    """Do what ``customersms send`` does."""
    client, file = options.client, options.recipients.file
    console = safe_console(json=options.json)
    with ending_well(options.log_level), contextlib.closing(open_job(options.recipients)) as job:
        check_results(options.output)
        if not client.sandbox and not options.dry_run:
            check_key()  # refused before anything is read
        checked = check_job(job, client, options.recipients.reading.region, console, samples=options.sample)
        if file is not None or options.dry_run:
            show(job, checked, client, console, as_object=options.json and options.dry_run)
        if options.dry_run:
            return
        if file is not None and not client.sandbox and not options.yes:
            ask(file)
        with contextlib.closing(open_results(options.output)) as results:
            progress = asyncio.run(send_job(job, checked, options, results, console))
        raise typer.Exit(progress.exit_status)


def estimate(options: EstimateCommandOptions) -> None:
    """Do what ``customersms estimate`` does; nothing is sent, so ``--yes`` changes nothing."""
    console = safe_console(json=options.json)
    with ending_well(options.log_level), contextlib.closing(open_job(options.recipients)) as job:
        region = options.recipients.reading.region
        checked = check_job(job, options.client, region, console, samples=options.sample)
        show(job, checked, options.client, console, as_object=options.json)


def open_job(recipients: RecipientOptions) -> Job:
    """The letters of a command: to numbers, or to a file's rows."""
    if bool(recipients.phones) is (recipients.file is not None):
        raise typer.BadParameter("give either phone numbers or --file")
    if recipients.file is None:
        return Job.of_phones(recipients.phones or [], recipients.message)
    return file_job(recipients.file, recipients.message, recipients.reading)


def file_job(file: Path, message: str, reading: FileOptions) -> Job:
    """The letters to a file's rows. Raises as ``Job.of_file`` does."""
    return Job.of_file(
        file, message, phone_column=reading.phone_column, encoding=reading.encoding, delimiter=reading.delimiter
    )


def check_job(job: Job, client: ClientOptions, region: str | None, console: Console, *, samples: int) -> Checked:
    """Read all of a job once, and ask the quota when it would end.

    Raises what the job raises, ``ConfigurationError`` for an option out of range, and ``QuotaStoreError``.
    """
    options = client.options()
    waiting = console.status(Text(f"reading {job.name}")) if console.is_terminal else contextlib.nullcontext()
    with waiting:
        checked = check(
            job,
            region=region,
            batch_size=options.batch_size,
            lookahead=options.batch_size * options.max_concurrency,
            samples=samples,
        )
    checked.seconds = asyncio.run(forecast(client, checked.requests))
    return checked


def show(job: Job, checked: Checked, client: ClientOptions, console: Console, *, as_object: bool) -> None:
    """Show what a job would come to, for a program or for a person."""
    if as_object:
        say_json(msgspec.convert(checked, JobEstimate, from_attributes=True))
        return
    console.print(preview(job.name, checked))
    console.print(note(client.quota_at), style="dim")


async def send_job(
    job: Job, checked: Checked, options: SendCommandOptions, results: Results, console: Console
) -> Progress:
    """Send a checked job, show it, write every outcome, and sum up; the exit status is in what it returns."""
    recipients = options.recipients
    async with open_route(options.client, console) as route:
        screen = Screen(console)
        sending = Sending(job, checked, route.client, EchoedResults(results) if options.json else results, screen)
        async with watching(route, sending.progress, screen):
            priority = Priority.NORMAL if recipients.file is None else Priority.BULK
            progress = await sending.run(recipients.reading.region, priority)
        console.print(ending(progress, route.client.remaining_credits))
        if route.sandbox is not None:
            confirm(route.sandbox, progress, console)
    if options.json:
        say_json({"summary": _summary(progress, route.client.remaining_credits)})
    return progress


@final
class EchoedResults:
    """Outcomes to the results, and to standard output as JSON lines."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def write(self, outcome: Outcome) -> None:
        """Write one outcome to both."""
        self._results.write(outcome)
        say_json(outcome)

    def close(self) -> None:
        """Close the results."""
        self._results.close()


def _summary(progress: Progress, remaining_credits: Decimal | None) -> dict[str, Any]:
    return {
        "rows": progress.total,
        **{status.value: progress.counts[status] for status in Status},
        "duplicates": progress.duplicates,
        "not_read": progress.total - progress.done,
        "requests": progress.requests,
        "remaining_credits": remaining_credits,
        "seconds": round(progress.seconds, 3),
        "interrupted": progress.interrupted,
        "error": None if progress.error is None else str(progress.error),
        "exit_status": progress.exit_status,
    }
