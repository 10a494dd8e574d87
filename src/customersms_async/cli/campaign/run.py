"""A campaign as the command runs it: into the ledger, out through a client, with a screen and an ending."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from rich.text import Text

from ..._core.plural import counted
from ...campaign import Campaign
from ...campaign.states import State
from ...errors import (
    AuthenticationError,
    CampaignStoppedError,
    ConfigurationError,
    CustomerSMSError,
    InsufficientCreditsError,
)
from ..forecast import forecast
from ..output import say
from ..route import confirm, open_way
from ..send.bulk import watching
from ..send.results import as_json
from ..send.screen import Screen, credits_left, length, moment, plain
from ..send.sending import Progress
from ..signals import Stopping
from .screen import everyone_accepted, numbers, standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from ..._core.intake import Letter
    from ...campaign.queries import Count
    from ...client import AsyncClient
    from ..send.job import Job
    from ..settings import Settings

_GUARDS = (CampaignStoppedError, AuthenticationError, InsufficientCreditsError)

_SPENT = ("max_recipients", "max_segments", "until")
"""Guards that would stop the same command again at once."""


class Begun(msgspec.Struct, frozen=True):
    """A ledger that recipients were added to."""

    template: str | None
    rehearsal: bool
    planned: int
    requests: int
    counts: list[Count]


class Run(msgspec.Struct, frozen=True):
    """One ``campaign run``: where, what (``None``: what is in the ledger), how, and what stops it.

    ``suppressed`` are the numbers of ``--suppress``, read once: a pipe says them only once.
    """

    ledger: Path
    job: Job | None
    template: str | None
    settings: Settings
    guards: dict[str, Any]
    suppressed: tuple[str, ...]
    resume: str

    def letters(self) -> Iterator[Letter]:
        """The whole input."""
        yield from self.job or ()


def look(path: Path, batch_size: int = 0, *, must_exist: bool = False) -> Begun | None:
    """What is in a ledger; ``None`` if there is none, or nothing in it.

    ``requests`` are counted in batches of ``batch_size``, which takes a while; without one they are 0.
    """
    if not must_exist and not path.exists():
        return None

    async def ask() -> Begun | None:
        async with Campaign.open(path, create=False) as campaign:
            given = await campaign.ledger.added()
            counts = await campaign.ledger.counts()
            requests = await campaign.ledger.requests(batch_size) if batch_size else 0
        planned = sum(count.recipients for count in counts if count.state is State.PLANNED)
        return None if given is None else Begun(given.template, bool(given.rehearsal), planned, requests, counts)

    return asyncio.run(ask())


def show_begun(work: Run, begun: Begun, console: Console, *, as_object: bool) -> None:
    """Show how a ledger stands that is to be gone on with, and when that would end."""
    work.settings.options()  # refused here as in ``check_job``, before anyone is asked
    seconds = asyncio.run(forecast(work.settings, begun.requests))
    if as_object:
        say(as_json({**numbers(begun.counts), "requests": begun.requests, "seconds": seconds}))
        return
    console.print(standing(str(work.ledger), begun.counts))
    if begun.planned:
        planned = counted(begun.planned, "recipient is", "recipients are")
        left = f"{planned} planned, in {counted(begun.requests, 'request')}"
        console.print(f"{left}; that ends in {length(seconds)}, at {moment(seconds)}", highlight=False)


async def run_campaign(work: Run, console: Console, *, json: bool) -> int:
    """Add what is to be added, send to everyone who is planned, sum up; gives the exit status."""
    began = time.monotonic()
    settings = work.settings
    async with open_way(settings, console) as way, Campaign.open(work.ledger) as campaign:
        if work.job is not None:
            waiting = console.status("adding to the ledger") if console.is_terminal else contextlib.nullcontext()
            with waiting:
                await campaign.add_letters(
                    work.letters(),
                    work.template,
                    region=settings.region,
                    suppress=work.suppressed,
                    rehearsal=settings.sandbox,
                )
        before = await campaign.counts()
        planned = before[State.PLANNED]
        requests = await campaign.ledger.requests(settings.batch_size)
        progress = Progress(planned, requests, began, Counter(), {})
        screen = Screen(console)
        async with watching(way, progress, screen):
            await _send(campaign, way.client, work, progress, screen, json=json)
        counts = await campaign.ledger.counts()
        if way.sandbox is not None and planned + before[State.SKIPPED] == sum(before.values()):
            confirm(way.sandbox, progress, console)
        status = _exit_status(progress, counts)
        _show_ending(work, progress, counts, way.client, console, finished=status in (0, 3))
    if json:
        say(as_json({"summary": _summary(work, progress, counts, way.client, status)}))
    return status


async def _send(
    campaign: Campaign, client: AsyncClient, work: Run, progress: Progress, screen: Screen, *, json: bool
) -> None:
    """Send and tell every outcome. SIGINT and SIGTERM let requests in flight answer; a second one stops at once."""

    def interrupted() -> None:
        progress.interrupted = True
        screen.interrupted()

    stopping = Stopping(client, interrupted)
    region = work.settings.region
    stream = campaign.run(client, **work.guards, suppress=work.suppressed, region=region)
    with stopping.handling_signals():
        try:
            async for outcome in stream:
                progress.requests = stream.requests
                progress.add(outcome, None)
                if json:
                    say(as_json(outcome))
                screen.changed(progress)
        except (CustomerSMSError, OSError) as error:  # OSError: standard output can't be kept
            if not (stopping.begun and isinstance(error, ConfigurationError)):
                progress.error = error
    progress.requests = stream.requests
    await stopping.wait()


def _exit_status(progress: Progress, counts: list[Count]) -> int:
    if progress.interrupted:
        return 130
    if progress.error is not None:
        if isinstance(progress.error, ConfigurationError):
            return 2
        return 4 if isinstance(progress.error, _GUARDS) else 1
    return 0 if everyone_accepted(counts) else 3


def _show_ending(
    work: Run, progress: Progress, counts: list[Count], client: AsyncClient, console: Console, *, finished: bool
) -> None:
    console.print(standing(str(work.ledger), counts))
    console.print(
        f"this run: {counted(progress.done, 'recipient')} in {length(progress.seconds)},"
        f" {counted(progress.requests, 'request')}; credits left: {credits_left(client.remaining_credits)}",
        highlight=False,
    )
    if progress.error is not None:
        console.print(Text(plain(f"It ended early: {_in_words(progress.error)}"), style="red"))
    unrecorded = sum(count.recipients for count in counts if count.state is State.SENDING)
    if unrecorded:
        who = counted(unrecorded, "recipient")
        console.print(f"What became of {who} could not be recorded: they may have got the text, and will be unknown")
    if any(count.state is State.UNKNOWN for count in counts):
        console.print("Who is unknown may have got the text, and is not sent to again: see campaign resolve")
    if not finished:
        guard = getattr(progress.error, "guard", "")
        way = f", with another --{guard.replace('_', '-')}" if guard in _SPENT else ""
        head = f"To go on{way}:" if unrecorded else f"Nothing is lost. To go on{way}:"
        console.print(head, f"  {work.resume}", sep="\n", soft_wrap=True, highlight=False)


def _summary(work: Run, progress: Progress, counts: list[Count], client: AsyncClient, status: int) -> dict[str, Any]:
    error = progress.error
    return {
        **numbers(counts),
        "requests": progress.requests,
        "remaining_credits": client.remaining_credits,
        "seconds": round(progress.seconds, 3),
        "interrupted": progress.interrupted,
        "stopped": (getattr(error, "guard", None) or type(error).__name__) if isinstance(error, _GUARDS) else None,
        "error": None if error is None else _in_words(error),
        "resume": None if status in (0, 3) else work.resume,
        "exit_status": status,
    }


def _in_words(error: BaseException) -> str:
    """What an error says, with an option called by the name that it has on the command line."""
    return str(error).replace("the time that until names", "the time that --until names")
