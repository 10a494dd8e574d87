"""Outcomes for all numbers of a batch at once, where no answer says what became of each."""

from __future__ import annotations

from customersms_async import Status
from customersms_async._core.batching import Batch
from customersms_async._core.outcomes import dropped, interrupted

BATCH = Batch("Hello", ["+12125551234", "+13235554567"], [4, 9])


def test_what_was_on_its_way_when_the_program_was_interrupted_may_have_been_sent() -> None:
    outcomes = interrupted(BATCH)
    assert [(o.index, o.phone) for o in outcomes] == [(4, "+12125551234"), (9, "+13235554567")]
    assert {(o.status, o.code) for o in outcomes} == {(Status.UNKNOWN, "NO_ANSWER")}


def test_what_was_still_to_be_sent_when_nothing_more_could_go_out_was_not() -> None:
    assert {(o.status, o.code) for o in dropped(BATCH, "STOPPED")} == {(Status.UNSENT, "STOPPED")}
    assert {o.error for o in dropped(BATCH, None)} == {"not sent, because nothing more can go out"}
