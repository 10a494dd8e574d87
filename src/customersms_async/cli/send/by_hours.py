"""The hours of a job that was checked, in its preview: when it would begin and end, and who would get no text."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from ..._core.secret import Secret
from ...campaign.run_times import RunTimes
from ..options import MEMORY
from ..quota import open_quota
from .first_reading import zoned_letters

if TYPE_CHECKING:
    from ..options import ClientOptions
    from ..schedule_preview import PlannedPeople, SchedulePreview
    from .checked_job import CheckedJob
    from .job import Job


def job_by_hours(
    job: Job,
    checked: CheckedJob,
    region: str | None,
    client: ClientOptions,
    times: dict[str, Any],
    *,
    in_database: bool = False,
) -> SchedulePreview | None:
    """What would come of a checked job that is sent at ``times``, as ``Campaign.run`` takes them; ``None``: at any.

    Raises ``ConfigurationError`` as a run does, and what the job's iteration raises.
    """
    schedule = RunTimes(**times, in_database=in_database).schedule(client.options())
    if schedule is None:
        return None
    from ..schedule_preview import PlannedPeople  # imported when used, as few jobs have hours

    people = PlannedPeople(schedule.begun(time.time_ns() // 1_000))
    for each, zone in zoned_letters(job, checked, region):
        people.add(each.phone, each.text, zone)
    return asyncio.run(by_hours(people, client))


async def by_hours(people: PlannedPeople, client: ClientOptions) -> SchedulePreview:
    """What would come of these people, by what the quota says of the key; without one, as if nothing were used."""
    from ..schedule_preview import Speed, preview_schedule

    key_id = Secret(client.key).key_id if client.key else ""
    async with open_quota(client.quota_at if client.key else MEMORY, looking=True) as quota:
        return await preview_schedule(people, quota, key_id, Speed.of(client.options()))
