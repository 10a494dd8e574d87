"""A whole send as a command does it: look at everything first, then send with a screen, then sum up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from types import EllipsisType  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING, Any, Final, final

import msgspec
from rich.text import Text

from ..buckets import layers
from ..client import AsyncClient
from ..errors import ConfigurationError, CustomerSMSError, QuotaStoreError
from ..estimate import seconds_until_last
from ..models import Limit, Outcome, Priority, Status
from ..options import DOCUMENTED_URL, Options
from ..secret import Secret
from .check import Checked, check
from .outlet import say
from .quota import MEMORY, forecast, open_quota
from .results import Results, as_json
from .screen import Screen, ending
from .sending import Progress, Sending

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.console import Console

    from ..quota import QuotaStore
    from ..sandbox import Sandbox
    from .job import Job

RESERVE: Final = 0.05
LOOK_EVERY: Final = 0.25


class Settings(msgspec.Struct, frozen=True):
    """The options that make a client."""

    url: str | None
    limits: tuple[Limit, ...]
    pace: Limit | EllipsisType | None
    batch_size: int
    max_concurrency: int
    timeout: float
    region: str | None
    sandbox: bool
    quota: str | None = None

    @property
    def quota_at(self) -> str | None:
        """Where the quota is kept: a sandbox that lives as long as the run has one of its own, if none is named."""
        return MEMORY if self.sandbox and self.quota is None else self.quota

    @property
    def key(self) -> str | None:
        """The key whose quota is asked: none for a sandbox, which has a made-up one."""
        return None if self.sandbox else os.environ.get("CUSTOMERSMS_API_KEY")

    def options(self, url: str) -> Options:
        """The same as the client checks them."""
        return Options(
            url, self.limits, RESERVE, self.pace, self.batch_size, self.max_concurrency, 2, None, self.timeout
        )


class Outlook(msgspec.Struct, frozen=True):
    """What a job would come to, for programs: ``Estimate``'s fields, and what the preview shows beside them."""

    recipients: int
    duplicates: int
    invalid: int
    requests: int
    segments: int
    seconds: float
    rows: int
    least_segments: int
    most_segments: int
    ucs2_texts: int
    ucs2_characters: str


def check_job(job: Job, settings: Settings, console: Console, samples: int) -> tuple[Checked, Outlook]:
    """Read all of a job once, and ask the quota when it would end.

    Raises what the job raises, ``ConfigurationError`` for an option out of range, and ``QuotaStoreError``.
    """
    options = settings.options(settings.url or os.environ.get("CUSTOMERSMS_URL", DOCUMENTED_URL))
    if settings.sandbox and settings.url is not None:
        raise ConfigurationError("--sandbox and --url name two places to send to")
    waiting = console.status(Text(f"reading {job.name}")) if console.is_terminal else contextlib.nullcontext()
    with waiting:
        checked = check(
            job,
            region=settings.region,
            batch_size=options.batch_size,
            lookahead=options.batch_size * options.max_concurrency,
            samples=samples,
        )
    seconds = asyncio.run(
        forecast(settings.quota_at, settings.key, options.limits, RESERVE, options.gentle_pace, checked.requests)
    )
    return checked, Outlook(
        checked.recipients,
        checked.duplicates,
        checked.invalid,
        checked.requests,
        checked.segments,
        seconds,
        checked.rows,
        checked.least_segments,
        checked.most_segments,
        checked.ucs2_texts,
        checked.ucs2_characters,
    )


async def send_job(
    job: Job, checked: Checked, settings: Settings, results: Results, console: Console, *, bulk: bool, json: bool
) -> Progress:
    """Send a checked job, show it, write every outcome, and sum up; the exit status is in what it returns."""
    async with open_quota(settings.quota_at) as quota, gateway(settings, console) as (sandbox, where):
        client = AsyncClient(
            limits=settings.limits,
            quota=quota,
            reserve=RESERVE,
            pace=settings.pace,
            batch_size=settings.batch_size,
            max_concurrency=settings.max_concurrency,
            timeout=settings.timeout,
            **where,
        )
        outlet = _Both(results) if json else results
        with Screen(console) as screen:
            sending = Sending(job, checked, client, outlet, screen)
            forecast = Forecast(quota, settings, where["api_key"])
            screen.changed(sending.progress)
            watching = asyncio.create_task(watch(client, sending.progress, screen, forecast))
            try:
                progress = await sending.run(settings.region, Priority.BULK if bulk else Priority.NORMAL)
            finally:
                watching.cancel()
                await client.aclose()
        console.print(ending(progress, client.remaining_credits))
        if sandbox is not None:
            confirm(sandbox, progress, console)
    if json:
        say(as_json({"summary": _summary(progress, client)}))
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
async def gateway(settings: Settings, console: Console) -> AsyncIterator[tuple[Sandbox | None, dict[str, Any]]]:
    """Where to send, with which key: to the provider, or to a sandbox that lives as long as the send."""
    if not settings.sandbox:
        where = {"api_key": os.environ.get("CUSTOMERSMS_API_KEY", "")}
        yield None, where if settings.url is None else where | {"url": settings.url}
        return
    from ..sandbox import Sandbox

    sandbox = Sandbox(limits=settings.limits, latency=(0.05, 0.4))
    async with sandbox.serve() as url:
        console.print("--sandbox: a made-up gateway with a made-up key; nothing goes to the provider", style="cyan")
        yield sandbox, {"api_key": sandbox.api_key, "url": url}


def confirm(sandbox: Sandbox, progress: Progress, console: Console) -> None:
    """Hold what the sandbox has against what was reported."""
    twice = len(sandbox.duplicates())
    console.print(
        f"the sandbox read {sandbox.requests:,} requests, refused {sandbox.refused:,},"
        f" and holds {len(sandbox.texts):,} texts, {twice:,} of them twice",
        highlight=False,
    )
    accepted, uncertain = progress.counts[Status.ACCEPTED], progress.counts[Status.UNKNOWN]
    if sandbox.refused or twice or not accepted <= len(sandbox.texts) <= accepted + uncertain:
        progress.error = CustomerSMSError("the sandbox refused a request, or got other texts than were accepted")
    else:
        console.print("no request refused, each text came once", style="green")


class Forecast:
    """When the rest will be done, by the quota and not by the average so far.

    Mutable state: the latest answer with its time, as a long line takes a while to count.
    """

    def __init__(self, quota: QuotaStore, settings: Settings, api_key: str) -> None:
        self._quota = quota
        self._key_id = Secret(api_key).key_id
        self._layers = layers(settings.limits, RESERVE)
        self._pace = settings.options(DOCUMENTED_URL).gentle_pace
        self._seconds = 0.0
        self._at = -1e9

    async def seconds(self, requests: int) -> float:
        """Until the last of ``requests`` further requests may leave."""
        now = time.monotonic()
        if now - self._at > requests / 10_000:
            self._seconds = await seconds_until_last(self._wait_us, requests, self._layers, self._pace, looks=4)
            self._at = now
        return max(0.0, self._seconds - (now - self._at))

    async def _wait_us(self, requests: int) -> int:
        return await self._quota.forecast_us(self._key_id, [(self._layers, requests)])


async def watch(client: AsyncClient, progress: Progress, screen: Screen, forecast: Forecast) -> None:
    """Keep the screen's quota and time to the end up to date."""
    with contextlib.suppress(ConfigurationError):  # the client is closing: the screen keeps what it has
        while True:
            left = max(0, progress.planned_requests - progress.requests)
            with contextlib.suppress(QuotaStoreError):  # the sending itself says so, if it lasts
                screen.look(await client.quota_status(), await forecast.seconds(left))
            await asyncio.sleep(LOOK_EVERY)


def _summary(progress: Progress, client: AsyncClient) -> dict[str, Any]:
    return {
        "rows": progress.total,
        **{status.value: progress.counts[status] for status in Status},
        "duplicates": progress.duplicates,
        "not_read": progress.total - progress.done,
        "requests": progress.requests,
        "remaining_credits": client.remaining_credits,
        "seconds": round(progress.seconds, 3),
        "interrupted": progress.interrupted,
        "error": None if progress.error is None else str(progress.error),
        "exit_status": progress.exit_status,
    }
