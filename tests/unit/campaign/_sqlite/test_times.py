"""Every time that a ledger keeps is that of its clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async import LedgerError, Outcome, Status
from customersms_async._core.intake import Letter
from customersms_async._core.rulings import Ruling
from customersms_async.campaign.ledger_opening import open_ledger
from customersms_async.campaign.refusals import CUT_OFF_US
from customersms_async.campaign.rows import Intent
from customersms_async.campaign.states import SAYS, State
from customersms_async.models import Code
from support.ledger_rows import rows_of
from support.wanted_runs import run_is_wanted

if TYPE_CHECKING:
    from pathlib import Path

PHONES = [f"+1212000{n:04}" for n in range(5)]
SENT_AGAIN = SAYS[State.PLANNED]["unknown"]


class HandClock:
    """Goes on by a second each time it is looked at."""

    def __init__(self) -> None:
        self.us = 1_000_000

    def __call__(self) -> int:
        self.us += 1_000_000
        return self.us


async def test_every_time_is_the_clock_s_and_what_was_cut_off_can_be_planned_when_that_says_so(path: Path) -> None:
    clock = HandClock()
    ledger = await open_ledger(path, clock=clock)
    await ledger.add([Letter.of(phone, "Hello") for phone in PHONES], "Hello", None, PHONES[4:])
    await run_is_wanted(ledger)
    intent, other = Intent([0], None, 5.0), Intent([1], None, 5.0)
    await ledger.begin(intent)
    await ledger.record(intent, Ruling([Outcome(0, PHONES[0], Status.ACCEPTED, "m")], status_code=200))
    await ledger.skip([Outcome(2, PHONES[2], Status.UNSENT, None, "full", Code.CAPPED)])
    await ledger.begin(other)
    await ledger.close()
    ledger = await open_ledger(path, clock=clock)
    with pytest.raises(LedgerError, match="can be planned again from 1970"):
        await ledger.resolve([SENT_AGAIN], None, "Ann")
    clock.us += CUT_OFF_US + 5_000_000
    assert await ledger.resolve([SENT_AGAIN], None, "Ann") == 1
    columns = {
        "input": "added_us", "recipients": "updated_us", "attempts": "began_us", "answers": "ended_us",
        "resolutions": "at_us", "suppressed": "at_us", "wanted": "at_us", "terms": "at_us",
    }  # fmt: skip
    for table, column in columns.items():
        kept = [at for (at,) in await rows_of(ledger, f"SELECT {column} FROM {table}")]  # noqa: S608
        assert kept, table
        assert all(at % 1_000_000 == 0 and 0 < at <= clock.us for at in kept), table
    await ledger.close()
