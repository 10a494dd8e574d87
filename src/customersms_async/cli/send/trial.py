"""``--test-to``: the text of one row to oneself, before anybody else gets theirs."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, NamedTuple

import typer

from ..._core import phone, segments
from ..._core.intake import RefusedLetter
from ..._core.plural import counted
from ...errors import CustomerSMSError, InvalidRecipientError, OutcomeUnknownError
from ...models import Priority
from ..confirmation import NOTHING_ELSE
from ..exits import fail
from ..national_numbers import with_region
from ..option_values import wrong_value
from ..problems import InputProblem
from ..route import open_route
from .first_reading import judged_letters

if TYPE_CHECKING:
    from rich.console import Console

    from ..options import ClientOptions
    from ..text_options import TrialOptions
    from .checked_job import CheckedJob
    from .job import Job


class Trial(NamedTuple):
    """A test text that is asked for: the number in E.164, and the row whose text it gets (from 1, or the first)."""

    number: str
    row: int | None


def trial_of(options: TrialOptions, region: str | None, *, asks: bool) -> Trial | None:
    """The test text that ``--test-to`` asks for, if it does; ``asks``: whether the command asks before it sends.

    Raises ``typer.BadParameter`` where it doesn't, and for what is no number.
    """
    if options.test_to is None:
        return None
    if not asks:
        raise typer.BadParameter(
            "--test-to sends one text and asks before the rest of a file goes out: it needs a file, and goes with"
            " neither --yes nor --dry-run"
        )
    try:
        return Trial(phone.parse(options.test_to, region=region), options.test_row)
    except InvalidRecipientError as error:
        raise wrong_value("--test-to", f"{options.test_to!r}: {with_region(error.reason, error)}") from None


def text_of_row(job: Job, checked: CheckedJob, region: str | None, row: int | None) -> str:
    """The text of one row, or of the first that can be sent to. Raises ``InputProblem`` if there is none."""
    if row is None:
        if not checked.samples:
            raise InputProblem("--test-to: no row can be sent to, so there is no text to try")
        return checked.samples[0].text
    found = next(itertools.islice(judged_letters(job, checked, region), row - 1, None), None)
    if found is None:
        raise InputProblem(f"--test-row {row:,}: there are {counted(checked.rows, 'row')}; name one of them")
    if isinstance(found, RefusedLetter):
        line = "" if found.line is None else f" (line {found.line})"
        raise InputProblem(f"--test-row {row:,}{line} can't be sent to: {found.outcome.error}; name another row")
    return found.text


def send_trial(trial: Trial, text: str, client: ClientOptions, console: Console) -> None:
    """Send the test text and say so; ends the command if it is not accepted."""
    try:
        asyncio.run(_send(trial.number, text, client, console))
    except OutcomeUnknownError as error:
        fail(f"the test text to {trial.number} may have been sent: {error}; {NOTHING_ELSE}", 1)
    except CustomerSMSError as error:
        fail(f"the test text to {trial.number} was not sent: {error}; {NOTHING_ELSE}", 1)
    parts = counted(segments.count(text).segments, "segment")
    console.print(f"the test text to {trial.number} was accepted, {parts}: look at it there", style="green")


async def _send(number: str, text: str, client: ClientOptions, console: Console) -> None:
    async with open_route(client, console, is_trial=True) as route:
        try:
            await route.client.send(number, text, priority=Priority.NORMAL)
        finally:
            await route.client.aclose()
