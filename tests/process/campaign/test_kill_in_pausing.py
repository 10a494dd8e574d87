"""The real program, killed (SIGKILL) at every step in which a person pauses a campaign or resumes it.

No request begins after a pause was acknowledged; one that was cut off is there, or is not.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign
from customersms_async.campaign.wanted_states import Wanted
from support.killing import BATCH, BOUND, KILLED, Killing, finish, steps
from support.ledger_rows import rows_of

if TYPE_CHECKING:
    from customersms_async.campaign.wanted import WantedNow

PARTS = 2
PAUSE, RESUME = ("pause", "--ledger", "ledger", "--by", "Ann"), ("resume", "--ledger", "ledger", "--by", "Ann")
EACH = 2 * BATCH


def wanted(killing: Killing) -> WantedNow:
    async def ask() -> WantedNow | None:
        async with Campaign.open(killing.ledger, create=False) as campaign:
            return await campaign.wanted()

    found = asyncio.run(ask())
    assert found is not None
    return found


def some_more(killing: Killing) -> int:
    """Send to a few more; gives the exit status."""
    return killing.run("--max-recipients", str(len(killing.sandbox.texts) + EACH))


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_step_of_a_pause_and_of_a_resumption(killing: Killing, part: int) -> None:
    numbered = steps(killing, "pausing")
    assert len(numbered) > 60
    numbered = numbered[part::PARTS]
    people = 3 * EACH * len(numbered) + BOUND
    killing.begin(people)
    missed = []
    for step in numbered:
        killed = killing.command(*PAUSE, step=step) == KILLED
        texts = len(killing.sandbox.texts)
        if wanted(killing).state is Wanted.PAUSED:
            assert some_more(killing) == 4
            assert len(killing.sandbox.texts) == texts, step
        else:
            assert some_more(killing) == 4
            assert len(killing.sandbox.texts) == texts + EACH, step
            assert killing.command(*PAUSE) == 0
        killed |= killing.command(*RESUME, step=step) == KILLED
        if wanted(killing).state is Wanted.PAUSED:
            texts = len(killing.sandbox.texts)
            assert some_more(killing) == 4
            assert len(killing.sandbox.texts) == texts, step
            assert killing.command(*RESUME) == 0
        assert wanted(killing).state is Wanted.RUN
        if not killed:
            missed.append(step)
    assert len(missed) <= 0.05 * len(numbered), missed
    assert killing.counts()["unknown"] == 0
    finish(killing, people)


def test_no_request_begins_after_a_pause_was_acknowledged_and_a_run_that_is_killed_stays_paused(
    killing: Killing,
) -> None:
    """Where the run that was paused is killed before it notices, the next one is refused all the same."""
    people = 400 * BATCH
    killing.begin(people)
    for seconds in (0.3, 0.6, None):
        more = {} if seconds is None else {"seconds": seconds}
        run = threading.Thread(target=killing.run, kwargs=more)
        run.start()
        began = time.monotonic()
        before = len(killing.sandbox.texts)
        while run.is_alive() and len(killing.sandbox.texts) == before and time.monotonic() < began + 20:
            time.sleep(0.01)
        pause(killing)
        acknowledged = begun(killing)
        run.join()
        assert begun(killing) == acknowledged
        assert killing.run() == 4
        assert begun(killing) == acknowledged
        assert killing.command(*RESUME) == 0
    finish(killing, people)


def pause(killing: Killing) -> None:
    """Another process than the one that forks the runs, which is busy with one."""

    async def say() -> None:
        async with Campaign.open(killing.ledger, create=False) as campaign:
            await campaign.pause(by="Ann")

    asyncio.run(say())


def begun(killing: Killing) -> int:
    """How many intents there are."""

    async def count() -> int:
        async with Campaign.open(killing.ledger, create=False) as campaign:
            (found,) = (await rows_of(campaign.ledger, "SELECT count(*) FROM attempts"))[0]
            return int(found)

    return asyncio.run(count())
