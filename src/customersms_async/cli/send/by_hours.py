"""What comes of the hours of a job that was checked, for its preview."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from ...campaign.run_times import RunTimes
from .check import zoned_letters

if TYPE_CHECKING:
    from rich.console import Console

    from ..options import ClientOptions
    from ..schedule_preview import SchedulePreview
    from .check import Checked
    from .job import Job


def job_by_hours(
    job: Job,
    checked: Checked,
    region: str | None,
    client: ClientOptions,
    times: dict[str, Any],
    *,
    in_database: bool = False,
) -> SchedulePreview | None:
    """What would come of a checked job that is sent at ``times``, as ``Campaign.run`` takes them; ``None``: at any.

    Raises ``ConfigurationError`` as a run does, and what the job's iteration raises.
    """
    options = client.options()
    schedule = RunTimes(**times, in_database=in_database).schedule(options)
    if schedule is None:
        return None
    from ..schedule_preview import Planned, preview_schedule  # imported when used: it brings all time zones

    people = (Planned(each.phone, each.text, zone) for each, zone in zoned_letters(job, checked, region))
    return asyncio.run(preview_schedule(people, schedule.begun(time.time_ns() // 1_000), client, options))


def show_schedule(found: SchedulePreview, console: Console) -> None:
    """Show what comes of hours to a person."""
    for line in found.lines():
        console.print(line, highlight=False, markup=False)
