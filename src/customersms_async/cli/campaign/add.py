"""``customersms campaign add``: more recipients into a ledger, as an addition of their own, while it runs too."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from ..._core.plural import counted
from ...campaign import Campaign
from ...campaign.arguments import suppressed_numbers
from ...campaign.ledger_input import add_more
from ...campaign.states import State
from ...campaign.wanted_states import Wanted
from ..confirmation import ask
from ..exits import ending_well
from ..output import safe_console, say_json
from ..send.commands import check_job, file_job, list_rules, show
from ..send.list_facts import suppression
from ..send.message import read_message, rules_of
from .counts import counts_object
from .move_output import refuse_if_moved
from .pause_resume_stop import user
from .resume_hints import run_needed
from .started_campaign import read_ledger, text_for

if TYPE_CHECKING:
    from collections.abc import Collection

    from ...campaign.rows import Count
    from ...campaign.wanted import WantedNow
    from ..send.job import Job
    from .ledger_place import LedgerPlace
    from .sending_options import AddOptions


def add_to_ledger(options: AddOptions) -> None:
    """Do what ``customersms campaign add`` does."""
    ledger, file, reading, client = options.ledger, options.file, options.reading, options.client
    console = safe_console(json=options.json)
    with ending_well(options.log_level), contextlib.ExitStack() as stack:
        started = read_ledger(ledger)
        if started is not None and not options.dry_run:
            refuse_if_moved(ledger, started.move)
        text = text_for(ledger, started, read_message(options.text), sandbox=client.sandbox)
        rules = list_rules(options.suppress, options.suppress_column, reading)
        suppressed = rules.suppressed or frozenset()
        job = stack.enter_context(
            contextlib.closing(file_job(file, text, reading, rules_of(options.text), options.zone_column))
        )
        checked = check_job(job, client, reading.region, console, samples=options.sample, rules=rules)
        show(job, checked, client, console, as_object=options.json and options.dry_run)
        if options.suppress is not None and options.json:
            line = suppression(len(suppressed), len(checked.list_facts.found), rules.list_remarks)
            console.print(line, highlight=False, markup=False)
        if options.dry_run:
            return
        if not options.yes:
            ask(file, "nobody was added", question="Add?")
        counts, wanted = asyncio.run(_add(options, job, text, suppressed))
        if options.json:
            added = {"added": 0 if counts is None else counts_object(counts)["recipients"], "again": counts is None}
            state = None if wanted is None else wanted.state.value
            say_json({**added, **counts_object(counts or []), "wanted": state})
            return
        for said in _said(ledger, counts, wanted):
            console.print(said, soft_wrap=True, highlight=False, markup=False)


async def _add(
    options: AddOptions, job: Job, text: str, suppressed: Collection[str]
) -> tuple[list[Count] | None, WantedNow | None]:
    """How many were added in which state, and what is wanted of the campaign then."""
    reading = options.reading
    async with Campaign.open(options.ledger.given) as campaign:
        counts = await add_more(
            *(campaign.ledger, job, text, reading.region, suppressed_numbers(suppressed, reading.region)),
            by=options.by or user(),
            file="" if str(options.file) == "-" else options.file.name,
            rehearsal=options.client.sandbox,
            one_per_number=reading.one_per_number,
            keep=job.keep,
        )
        return counts, await campaign.wanted()


def _said(ledger: LedgerPlace, counts: list[Count] | None, wanted: WantedNow | None) -> list[str]:
    """What was done, and what is to be done now."""
    if counts is None:
        return ["the same recipients with the same texts were added before, so nobody is added"]
    planned = sum(count.recipients for count in counts if count.state is State.PLANNED)
    skipped = sum(count.recipients for count in counts) - planned
    found = [f"{counted(planned, 'recipient is', 'recipients are')} added, and planned"]
    codes = ", ".join(f"{count.recipients:,} {count.code}" for count in counts if count.state is not State.PLANNED)
    if skipped:
        found.append(f"{counted(skipped, 'is', 'are')} skipped: {codes}")
    if wanted is not None and wanted.state is Wanted.RUN:
        return [*found, "Whoever runs the campaign sends to them as well"]
    if not planned:
        return found
    return [*found, *run_needed(ledger, wanted)]
