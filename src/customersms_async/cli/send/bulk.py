"""A whole send as a command does it: look at everything first, then send with a screen, then sum up."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final, final

from rich.text import Text

from ...errors import ConfigurationError, QuotaStoreError
from ...models import Estimate, Outcome, Priority, Status
from ..forecast import forecast
from ..output import say
from ..route import confirm, open_way
from .check import Checked, check
from .results import Results, as_json
from .screen import Screen, ending
from .sending import Progress, Sending

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from decimal import Decimal

    from rich.console import Console

    from ..route import Way
    from ..settings import Settings
    from .job import Job

LOOK_EVERY: Final = 0.25
"""Seconds between two looks at the quota while a screen shows it."""


class Outlook(Estimate, frozen=True):
    """What a job would come to, for programs: an ``Estimate``, and what the preview shows beside it."""

    rows: int
    least_segments: int
    most_segments: int
    ucs2_texts: int
    ucs2_characters: str


def check_job(job: Job, settings: Settings, console: Console, samples: int) -> tuple[Checked, Outlook]:
    """Read all of a job once, and ask the quota when it would end.

    Raises what the job raises, ``ConfigurationError`` for an option out of range, and ``QuotaStoreError``.
    """
    options = settings.options()
    waiting = console.status(Text(f"reading {job.name}")) if console.is_terminal else contextlib.nullcontext()
    with waiting:
        checked = check(
            job,
            region=settings.region,
            batch_size=options.batch_size,
            lookahead=options.batch_size * options.max_concurrency,
            samples=samples,
        )
    seconds = asyncio.run(forecast(settings, checked.requests))
    figures = {name: getattr(checked, name) for name in Outlook.__struct_fields__ if name != "seconds"}
    return checked, Outlook(**figures, seconds=seconds)


async def send_job(
    job: Job, checked: Checked, settings: Settings, results: Results, console: Console, *, bulk: bool, json: bool
) -> Progress:
    """Send a checked job, show it, write every outcome, and sum up; the exit status is in what it returns."""
    async with open_way(settings, console) as way:
        screen = Screen(console)
        sending = Sending(job, checked, way.client, _Both(results) if json else results, screen)
        async with watching(way, sending.progress, screen):
            progress = await sending.run(settings.region, Priority.BULK if bulk else Priority.NORMAL)
        console.print(ending(progress, way.client.remaining_credits))
        if way.sandbox is not None:
            confirm(way.sandbox, progress, console)
    if json:
        say(as_json({"summary": _summary(progress, way.client.remaining_credits)}))
    return progress


@final
class _Both:
    """Outcomes to standard output as JSON lines, and to the results."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def write(self, outcome: Outcome) -> None:
        self._results.write(outcome)
        say(as_json(outcome))

    def close(self) -> None:
        self._results.close()


@contextlib.asynccontextmanager
async def watching(way: Way, progress: Progress, screen: Screen) -> AsyncIterator[None]:
    """Show a send while it lasts; at its end the client is closed, and then the screen."""
    with screen:
        screen.changed(progress)
        task = asyncio.create_task(_watch(way, progress, screen))
        try:
            yield
        finally:
            task.cancel()
            await way.client.aclose()


async def _watch(way: Way, progress: Progress, screen: Screen) -> None:
    """Keep the screen's quota and time to the end up to date."""
    with contextlib.suppress(ConfigurationError):  # the client is closing: the screen keeps what it has
        while True:
            left = max(0, progress.planned_requests - progress.requests)
            with contextlib.suppress(QuotaStoreError):  # the sending itself says so, if it lasts
                screen.look(await way.client.quota_status(), await way.forecast.rough_seconds(left))
            await asyncio.sleep(LOOK_EVERY)


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
