"""The commands of ``customersms``.

Exit status: 0 everyone was accepted (duplicates aside), 3 anyone was rejected, unknown or unsent, 1 an error, 2 wrong
usage or unreadable input, 130 interrupted. The API key comes from ``CUSTOMERSMS_API_KEY`` only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Final, NoReturn

import typer
from rich.console import Console

from .._core.secret import Secret
from ..errors import ConfigurationError, CustomerSMSError
from ..models import DOCUMENTED_LIMITS, Limit
from . import options as args
from .files import FileProblem
from .output import console_on, say
from .quota import note, show_quota
from .send.bulk import Outlook, check_job, send_job
from .send.job import Job
from .send.results import ResultsProblem, as_json, check_results, open_results
from .send.screen import preview
from .send.template import TemplateProblem
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .send.check import Checked

app: Final = typer.Typer(
    name="customersms",
    help="Send texts through customersms.pro: within its limits, never twice, with an outcome for everyone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def send(
    phones: args.Phones = None,
    message: args.Message = ...,  # type: ignore[assignment]  # typer's way to require an option
    file: args.File = None,
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
    output: args.Output = None,
    json: args.Json = False,
    log_level: args.Logging = args.LogLevel.WARNING,
) -> None:
    """Send a text to numbers, or to everyone in a file."""
    settings = settings_of(url, limit, pace, batch_size, max_concurrency, timeout, region, sandbox, quota)
    console = console_on(sys.stderr if json else sys.stdout)
    with (
        ending_well(log_level),
        contextlib.closing(job_of(phones, message, file, phone_column, encoding, delimiter)) as job,
    ):
        check_results(output)
        if not sandbox and not dry_run:
            check_key()  # refused before anything is read
        checked, outlook = check_job(job, settings, console, sample)
        if file is not None or dry_run:
            show(job, settings, checked, outlook, console, as_object=json and dry_run)
        if dry_run:
            return
        if file is not None and not sandbox and not yes:
            ask(file)
        with contextlib.closing(open_results(output)) as results:
            progress = asyncio.run(send_job(job, checked, settings, results, console, bulk=file is not None, json=json))
        raise typer.Exit(progress.exit_status)


@app.command()
def estimate(
    phones: args.Phones = None,
    message: args.Message = ...,  # type: ignore[assignment]  # typer's way to require an option
    file: args.File = None,
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
    sample: args.Sample = 0,
    json: args.Json = False,
    log_level: args.Logging = args.LogLevel.WARNING,
) -> None:
    """Say what a send with the same options would come to; sends nothing and needs no key."""
    del yes  # nothing is sent, so nobody is asked
    settings = settings_of(url, limit, pace, batch_size, max_concurrency, timeout, region, sandbox, quota)
    console = console_on(sys.stderr if json else sys.stdout)
    with (
        ending_well(log_level),
        contextlib.closing(job_of(phones, message, file, phone_column, encoding, delimiter)) as job,
    ):
        show(job, settings, *check_job(job, settings, console, sample), console, as_object=json)


@app.command("quota")
def quota_(
    limit: args.Limits = None,
    quota: args.Quota = None,
    json: args.Json = False,
    log_level: args.Logging = args.LogLevel.WARNING,
) -> None:
    """Show what is used and free of every limit of the key."""
    with ending_well(log_level):
        check_key()
        asyncio.run(show_quota(quota, limits_of(limit), json=json))


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sandbox(context: typer.Context) -> None:
    """Serve a made-up gateway until Ctrl-C: --port, --key, --credits, --limit, --latency, --fault, --magic, --help."""
    from ..sandbox.__main__ import main

    raise typer.Exit(main(context.args, prog="customersms sandbox"))


def check_key() -> None:
    """Raise ``ConfigurationError`` if the environment has no key, or what can be none."""
    key = os.environ.get("CUSTOMERSMS_API_KEY")
    if not key:
        raise ConfigurationError("the API key is missing: set the environment variable CUSTOMERSMS_API_KEY")
    Secret(key)


def limits_of(limit: list[str] | None) -> tuple[Limit, ...]:
    """The limits that ``--limit`` names, else the documented ones."""
    return tuple(map(args.read_limit, limit)) if limit else DOCUMENTED_LIMITS


def settings_of(
    url: str | None,
    limit: list[str] | None,
    pace: str | None,
    batch_size: int,
    max_concurrency: int,
    timeout: float,
    region: str | None,
    use_sandbox: bool,
    quota_at: str | None,
) -> Settings:
    """The options that make a client."""
    chosen = ... if pace is None else args.read_pace(pace)
    return Settings(url, limits_of(limit), chosen, batch_size, max_concurrency, timeout, region, use_sandbox, quota_at)


def job_of(
    phones: list[str] | None,
    message: str,
    file: Path | None,
    phone_column: str | None,
    encoding: str,
    delimiter: str | None,
) -> Job:
    """The letters of a command: to numbers, or to a file's rows."""
    if bool(phones) is (file is not None):
        raise typer.BadParameter("give either phone numbers or --file")
    if file is None:
        return Job.of_phones(phones or [], message)
    return Job.of_file(file, message, phone_column=phone_column, encoding=encoding, delimiter=delimiter)


def show(
    job: Job, settings: Settings, checked: Checked, outlook: Outlook, console: Console, *, as_object: bool
) -> None:
    """Show what a job would come to, for a program or for a person."""
    if as_object:
        say(as_json(outlook))
        return
    console.print(preview(job.name, checked, outlook.seconds))
    console.print(note(settings.quota_at), style="dim")


def ask(file: Path) -> None:
    """Go on only if a person says so."""
    if str(file) == "-" or not sys.stdin.isatty():
        fail("nothing was sent: there is nobody to ask, so add --yes", 2)
    if not typer.confirm("Send?", err=True):
        fail("nothing was sent", 1)


@contextlib.contextmanager
def ending_well(log_level: args.LogLevel) -> Iterator[None]:
    """Turn what goes wrong into a line and an exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.basicConfig(level=log_level.value.upper(), format="%(levelname)s %(name)s: %(message)s")
    try:
        yield
    except (FileProblem, TemplateProblem, ResultsProblem, ConfigurationError) as problem:
        fail(str(problem), 2)
    except CustomerSMSError as error:
        fail(str(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted", 130)


def fail(problem: str, status: int) -> NoReturn:
    """End with a line on standard error."""
    Console(stderr=True, soft_wrap=True).print(problem, style="red", markup=False, highlight=False)
    raise typer.Exit(status)
