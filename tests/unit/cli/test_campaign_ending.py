"""The end of a campaign's run, as a person sees it."""

from __future__ import annotations

from collections import Counter

import pytest

from customersms_async import CustomerSMSError, LedgerError
from customersms_async.campaign.refusals import LedgerAwayError, MisplacedLedgerError
from customersms_async.campaign.rows import Count
from customersms_async.campaign.states import State
from customersms_async.cli.campaign.ending import show_ending
from customersms_async.cli.campaign.ledger_place import read_ledger_place
from customersms_async.cli.send.sending import Progress
from support.drawn_screens import console, words

DELETED = MisplacedLedgerError("/l: it (or its -wal or -shm file) was moved, deleted or replaced", path="/l")
FULL = LedgerError("/l: the disk is full", path="/l")


@pytest.mark.parametrize(("error", "safe"), [(DELETED, False), (FULL, True)])
def test_nothing_is_said_to_be_safe_where_a_file_of_the_ledger_may_be_lost(
    error: CustomerSMSError, *, safe: bool
) -> None:
    """A ``-wal`` that was deleted is what says who was sent to."""
    made = Progress(9, 1, 0.0, Counter(), {}, lambda: 0.0)
    made.error = error
    to = console(160)
    show_ending(read_ledger_place("/l"), made, [], None, to, resume="customersms campaign run --ledger /l")
    shown = words(to.export_text())
    assert "To go on, once that is mended: customersms campaign run" in shown
    assert ("Nothing is lost" in shown) is safe


URL = "postgresql://host/app#spring"
LOST = LedgerError(f"{URL}: another process runs it by now, as this one was not heard of in time", path=URL)
AWAY = LedgerAwayError(f"{URL}: its database is away", path=URL)


@pytest.mark.parametrize(("place", "error", "is_ours"), [("/l", FULL, True), (URL, AWAY, True), (URL, LOST, False)])
def test_whom_another_host_sends_to_is_not_said_to_be_unrecorded(
    place: str, error: CustomerSMSError, *, is_ours: bool
) -> None:
    made = Progress(9, 1, 0.0, Counter(), {}, lambda: 0.0)
    made.error = error
    to = console(160)
    show_ending(read_ledger_place(place), made, [Count(State.SENDING, "", 3, 3)], None, to, resume=None)
    shown = words(to.export_text())
    assert ("What became of 3 recipients could not be recorded" in shown) is is_ours
    assert ("Another process sends to 3 recipients just now, or ended as it did" in shown) is not is_ours
