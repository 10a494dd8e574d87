"""A campaign that was begun earlier: what its ledger holds, and what is left to do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import typer

from ..._core.plural import counted
from ...campaign import Campaign
from ...campaign.ledger_opening import is_address
from ...campaign.refusals import MissingLedgerError
from ...campaign.run_times import RunTimes
from ...campaign.states import State
from ...campaign.text_ids import text_id
from ...campaign.wanted_states import Wanted
from ...errors import ConfigurationError
from ..forecast import forecast
from ..formats import length, moment
from ..output import say_json
from ..problems import InputProblem
from ..send.allowed_now import allowed_now
from ..send.by_hours import by_hours
from ..send.preview import first_texts
from .counts import counts_object, show_counts
from .dropped_terms import dropped_terms

if TYPE_CHECKING:
    from collections.abc import Collection

    from rich.console import Console

    from ..._core.schedule import SendSchedule
    from ...campaign.move_states import LedgerMove
    from ...campaign.protocol import CampaignLedger
    from ...campaign.rows import Count, Input, KnownDouble, PlannedRecipient
    from ...campaign.wanted import WantedNow
    from ..options import ClientOptions
    from ..schedule_preview import PlannedPeople, SchedulePreview
    from .ledger_place import LedgerPlace


class StartedCampaign(msgspec.Struct, frozen=True):
    """A ledger that recipients were added to: what they were ``added`` as, and who is left.

    ``planned`` are the recipients that are left, in so many ``requests`` at best; ``samples`` are the first of them.
    ``kept`` are the columns of the file that stand beside them; ``wanted`` is what is wanted of the campaign, and
    ``doubles`` are those of whom it is known that they may have got the text twice.
    ``move`` is what the ledger says last of its move, if it was ever moved.
    """

    added: Input
    planned: int
    requests: int
    counts: list[Count]
    kept: tuple[str, ...] = ()
    samples: list[PlannedRecipient] = []
    wanted: WantedNow | None = None
    doubles: list[KnownDouble] = []
    move: LedgerMove | None = None

    @property
    def template(self) -> str | None:
        """The text of all; ``None``: each came with one of its own."""
        return self.added.template

    @property
    def is_draft(self) -> bool:
        """Whether no run has begun since somebody was added, or planned again."""
        return self.wanted is not None and self.wanted.state is Wanted.DRAFT

    @property
    def is_over(self) -> bool:
        """Whether nobody is planned, and it is recorded of everyone what became of them."""
        left = (State.PLANNED, State.SENDING)
        return not any(count.recipients for count in self.counts if count.state in left)


def read_ledger(
    ledger: LedgerPlace, batch_size: int = 0, *, samples: int = 0, must_exist: bool = False
) -> StartedCampaign | None:
    """The campaign in a ledger; ``None`` if there is no such ledger, unless it ``must_exist``, or nothing in it.

    ``requests`` are counted in batches of ``batch_size``, which takes a while; without one they are 0.
    """
    try:
        return asyncio.run(_read(ledger, batch_size, samples))
    except MissingLedgerError:
        if must_exist:
            raise
        return None


def refuse_other_kind(ledger: LedgerPlace, started: StartedCampaign, *, sandbox: bool) -> None:
    """Raise ``ConfigurationError`` for a rehearsal without a sandbox, and a campaign with one."""
    is_rehearsal = bool(started.added.rehearsal)
    if is_rehearsal is not sandbox:
        raise ConfigurationError(
            f"{ledger} was made with --sandbox, so nobody on it got a text: use another ledger for the campaign"
            if is_rehearsal
            else f"{ledger} is a campaign's, and --sandbox would record texts that nobody got: use another ledger"
        )


def text_for(ledger: LedgerPlace, started: StartedCampaign | None, message: str | None, *, sandbox: bool) -> str:
    """The text of an addition: as given, else the ledger's. Raises for one that neither has, as for another kind."""
    if started is not None:
        refuse_other_kind(ledger, started, sandbox=sandbox)
        message = started.template if message is None else message
    if message is None:
        raise typer.BadParameter("give the text with --message or --message-file")
    return message


def recipients_among(ledger: LedgerPlace, phones: Collection[str]) -> int:
    """How many of these numbers the recipients in a ledger have."""

    async def look() -> int:
        async with Campaign.open(ledger.given, create=False) as campaign:
            return await campaign.ledger.among(phones)

    return asyncio.run(look()) if phones else 0


def planned_text(ledger: LedgerPlace, started: StartedCampaign, row: int | None) -> str:
    """The text of one row of the input (from 1), or of the first that is left. Raises ``InputProblem`` if it isn't."""
    if row is None:
        if not started.samples:
            raise InputProblem(f"{ledger}: nobody is planned any more, so there is no text to try")
        return started.samples[0].text
    found = asyncio.run(_planned(ledger, row - 1, 1))
    if not found or found[0].id != row - 1:
        raise InputProblem(f"--test-row {row:,}: nobody is planned there (any more); name another row")
    return found[0].text


async def _planned(ledger: LedgerPlace, start: int, number: int) -> list[PlannedRecipient]:
    async with Campaign.open(ledger.given, create=False) as campaign:
        return await _first_planned(campaign, start, number)


async def _first_planned(campaign: Campaign, start: int, number: int) -> list[PlannedRecipient]:
    """The first so many who are left, from ``start`` on."""
    found: list[PlannedRecipient] = []
    while len(found) < number and (page := await campaign.ledger.planned(start)):
        found += page[: number - len(found)]
        start = page[-1].id + 1
    return found


async def _read(ledger: LedgerPlace, batch_size: int, samples: int) -> StartedCampaign | None:
    async with Campaign.open(ledger.given, create=False) as campaign:
        added = await campaign.ledger.added()
        counts = await campaign.ledger.counts()
        requests = await campaign.ledger.requests(batch_size) if batch_size else 0
        kept = await campaign.ledger.kept_names()
        first = await _first_planned(campaign, 0, samples)
        wanted, doubles = await campaign.wanted(), await campaign.ledger.doubles()
        moves = await campaign.ledger.moves()
    planned = sum(count.recipients for count in counts if count.state is State.PLANNED)
    if added is None:
        return None
    return StartedCampaign(
        *(added, planned, requests, counts, kept, first, wanted, doubles),
        move=moves[-1] if moves else None,
    )


def show_allowed(ledger: LedgerPlace, client: ClientOptions, console: Console) -> None:
    """Say how many of those who are left are on the user's list, and how many have reached a cap, as things stand."""

    async def see() -> None:
        async with Campaign.open(ledger.given, create=False) as campaign:
            start = 0
            while page := await campaign.ledger.planned(start):
                names = [text_id(campaign.ledger.id, one.id) for one in page]
                await allowed.ask_about([one.phone for one in page], names)
                start = page[-1].id + 1

    with allowed_now(client) as allowed:
        if allowed.on_list is not None or allowed.capped is not None:
            allowed.runner.run(see())
    for line in allowed.remarks:
        console.print(line, style="yellow", highlight=False)


async def _by_hours(ledger: LedgerPlace, client: ClientOptions, times: dict[str, Any]) -> SchedulePreview | None:
    """What would come of those who are left; ``None`` where they may be sent to at any time."""
    schedule = RunTimes(**times, in_database=is_address(ledger.given)).schedule(client.options())
    if schedule is None:
        return None
    async with Campaign.open(ledger.given, create=False) as campaign:
        added, now_us = await campaign.ledger.added(), await campaign.ledger.now_us()
        began_us = now_us if added is None else added.added_us
        people = await planned_people(campaign.ledger, schedule.begun(began_us))
    return await by_hours(people, client)


async def planned_people(ledger: CampaignLedger, schedule: SendSchedule) -> PlannedPeople:
    """Everybody who is left, as sent to by this schedule."""
    from ..schedule_preview import PlannedPeople  # imported when used, as few campaigns have hours

    people, start = PlannedPeople(schedule), 0
    while page := await ledger.planned(start):
        for one in page:
            people.add(one.phone, one.text, one.zone)
        start = page[-1].id + 1
    return people


def show_started(
    ledger: LedgerPlace,
    started: StartedCampaign,
    client: ClientOptions,
    console: Console,
    times: dict[str, Any],
    guards: dict[str, Any],
    *,
    dry_run: bool,
    as_object: bool,
) -> None:
    """Show how a ledger stands that is to be gone on with, and when that would end, at ``times`` if any are given.

    What the last run kept to and one with these options, ``guards`` among them, would not, is said, too. Of one that is
    over, the run's ending shows how it stands, unless this is a ``dry_run``.
    """
    client.options()  # refused here as in ``check_job``, before anyone is asked
    seconds = asyncio.run(forecast(client, started.requests))
    found = asyncio.run(_by_hours(ledger, client, times))
    if found is not None:
        seconds = found.seconds
    if as_object:
        figures = {**counts_object(started.counts), "requests": started.requests, "seconds": seconds}
        say_json(figures if found is None else {**figures, **found.as_object()})
        return
    if dry_run or not started.is_over:
        show_counts(console, ledger.name, started.counts)
    if started.is_over:
        console.print("nobody is planned any more, so nothing is left to send", highlight=False)
    if started.planned:
        planned = counted(started.planned, "recipient is", "recipients are")
        left = f"{planned} planned, in {counted(started.requests, 'request')}"
        console.print(*first_texts(started.samples), sep="\n")
        console.print(f"{left}; that ends in {length(seconds)}, at {moment(seconds)}", highlight=False)
        if found is not None:
            found.show(console)
        show_allowed(ledger, client, console)
        for line in dropped_terms(started.wanted, client, times, guards):
            console.print(line, style="yellow", highlight=False)
