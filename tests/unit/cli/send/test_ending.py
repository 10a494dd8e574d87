"""What became of a send, as a person sees it at the end."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from customersms_async.cli.send.ending import ending
from customersms_async.cli.send.sending import Progress
from customersms_async.errors import AuthenticationError, SendError
from customersms_async.models import Code, Outcome, Status
from support.drawn_screens import drawn, progress, words


def test_the_end_groups_the_reasons_with_a_few_examples() -> None:
    made = Progress(9, 1, 0.0, Counter(), {}, lambda: 0.0)
    made.add(Outcome(0, "+12125551234", Status.ACCEPTED, "1"), 2)
    for row in range(1, 6):
        made.add(Outcome(row, "nope", Status.UNSENT, None, "it has no [/] digits", "INVALID_PHONE"), row + 2)
    made.add(Outcome(6, "+13235554567", Status.REJECTED, None, "Invalid", "INVALID_NUMBER"), None)
    made.add(Outcome(7, "+13235554568", Status.UNKNOWN, None, "no answer", None), 9)
    made.error = AuthenticationError("the [key] is bad")
    assert drawn(ending(made, 12_345))
    shown = words(drawn(ending(made, 12_345), 160))
    assert "8 of 9 rows" in shown
    assert "accepted 1 rejected 1 1 INVALID_NUMBER: Invalid +13235554567" in shown
    assert "unknown 1 1 no answer line 9" in shown
    assert re.search(r"unsent 5 5 INVALID_PHONE: it has no \[/\] digits line 3, line 4, line 5( |$)", shown)
    assert "credits left: 12,345" in shown
    assert "1 row was not read any more" in shown
    assert "It ended early: the gateway does not accept the API key from CUSTOMERSMS_API_KEY: the [key] is bad" in shown
    assert "To go on, once the key is mended: nothing went out to those who are rejected, unsent or were" in shown
    assert "Who is unknown may have got the text: find out at the provider" in shown
    assert made.exit_status == 1


@pytest.mark.parametrize(
    ("statuses", "codes", "status"),
    [
        (["accepted"], [None], 0),
        ([], [], 0),
        (["accepted", "unsent"], [None, "DUPLICATE"], 0),
        (["unsent"], ["INVALID_PHONE"], 3),
        (["accepted", "rejected"], [None, "DUPLICATE"], 3),
        (["accepted", "unknown"], [None, "NO_ANSWER"], 3),
    ],
)
def test_the_exit_status_tells_whether_all_went_well(statuses: list[str], codes: list[str | None], status: int) -> None:
    made = Progress(len(statuses), 1, 0.0, Counter(), {}, lambda: 0.0)
    for row, (each, code) in enumerate(zip(statuses, codes, strict=True)):
        made.add(Outcome(row, "+1", Status(each), None, None, code), None)
    assert made.exit_status == status
    made.interrupted = True
    assert made.exit_status == 130


def test_the_end_knows_when_no_figure_of_credits_came() -> None:
    assert "credits left: not known" in drawn(ending(progress({}, 0), None))


@pytest.mark.parametrize("guard", ["stop-after-unknown", "stop-after-refused"])
def test_the_end_of_a_send_that_was_stopped_names_the_option_and_who_can_be_sent_to_again(guard: str) -> None:
    made = Progress(9, 1, 0.0, Counter(), {}, lambda: 0.0)
    reason = f"stopped before the next request by {guard.replace('-', '_')}: it was so"
    made.error = SendError(reason, code=Code.STOPPED)
    shown = words(drawn(ending(made, None), 160))
    assert f"It ended early: stopped before the next request by --{guard}: it was so To go on, once that" in shown
    assert "nothing went out to those who are rejected, unsent or were not read" in shown
    assert made.exit_status == 1


def test_where_no_way_led_to_the_gateway_the_command_that_looks_for_it_is_named() -> None:
    made = Progress(1, 1, 0.0, Counter(), {}, lambda: 0.0)
    made.add(Outcome(0, "+12125551234", Status.UNSENT, None, "see url=… or CUSTOMERSMS_URL", Code.CONNECTION_FAILED), 2)
    shown = words(drawn(ending(made, None), 160))
    assert "customersms doctor looks at each part of it, and sends nothing" in shown
    assert "see --url or CUSTOMERSMS_URL" in shown, "an option is called as it is here"


def test_outcomes_that_could_not_be_written_are_counted_as_who_is_missing_may_have_got_the_text() -> None:
    made = Progress(9, 1, 0.0, Counter(), {}, lambda: 0.0)
    assert "written down" not in drawn(ending(made, None), 160)
    made.not_kept = 7
    shown = words(drawn(ending(made, None), 160))
    assert "7 outcomes could not be written down: who is missing there may have got the text" in shown
