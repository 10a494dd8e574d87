"""Values that an option can't have: the option is named, in our own words, with status 2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from customersms_async.cli.campaign.guard_options import GuardOptions
from customersms_async.cli.hours_options import HoursOptions
from support.typed_command import typed

if TYPE_CHECKING:
    from pathlib import Path

SEND = ("send", "+12125551234", "--message", "Hi")
RUN = ("campaign", "run", "--ledger", "l")
WORKER = ("worker", "--ledger", "postgresql://host/app")
WRONG = [
    (SEND, "--limit", "5", "'5' is not REQUESTS/SECONDS, such as 100/60"),
    (("quota",), "--limit", "5", "'5' is not REQUESTS/SECONDS, such as 100/60"),
    (SEND, "--pace", "fast", "'fast' is not a number of requests a second, or none"),
    (SEND, "--cap", "2", "'2' is not TEXTS/SECONDS, such as 2/604800"),
    (SEND, "--stop-after-unknown", "few", "'few' is not a whole number, 1 or more, or none"),
    (SEND, "--stop-after-refused", "0", "'0' is not a whole number, 1 or more, or none"),
    (SEND, "--warn-credits", "few", "'few' is not a number of credits"),
    (SEND, "--max-wait", "-1", "-1 is not a number of seconds, 0 or more"),
    (RUN, "--keep-credits", "few", "'few' is not a number of credits"),
    (RUN, "--until", "soon", "'soon' is not a time such as 18:30 or 2026-10-31T18:30"),
    (RUN, "--at", "soon", "'soon' is not a time such as 18:30 or 2026-10-31T18:30"),
    (RUN, "--expires", "soon", "'soon' is not a time such as 18:30 or 2026-10-31T18:30"),
    (RUN, "--expires-after", "soon", "'soon' is not a length of time such as 90m, 48h or 3d"),
    (RUN, "--test-to", "me", "'me': it has no digits"),
    (("campaign", "report", "--ledger", "l", "--html", "r.html"), "--zone", "Mars", "'Mars' is no time zone"),
    (("campaign", "serve", "--ledger", "l"), "--token", "short", "it must be 16 characters or more"),
    (WORKER, "--grace", "-1", "-1 is not a number of seconds, 0 or more"),
    (WORKER, "--key", "shop", "it takes LABEL=FILE, such as shop=/run/secrets/shop"),
    (SEND, "--priority", "HIGH", "'HIGH' is not one of 'urgent', 'normal', 'bulk'"),
    (SEND, "--max-wait", "10s", "'10s' is not a"),
    (SEND, "--batch-size", "1.5", "'1.5' is not a"),
    (SEND, "--sample", "-1", ""),
    (SEND, "--metrics-port", "70000", ""),
    (("campaign", "export", "--ledger", "l"), "--format", "xml", "'xml' is not one of 'csv', 'jsonl'"),
]
OF_A_LIBRARY = re.compile(r"Value error|Input should|unable to parse|pydantic|Traceback")


@pytest.mark.parametrize(("command", "option", "value", "says"), WRONG)
def test_the_option_is_named_and_what_is_wrong_with_it_in_our_words(
    tmp_path: Path, command: tuple[str, ...], option: str, value: str, says: str
) -> None:
    ended = typed(*command, option, value, folder=tmp_path)
    assert (ended.status, f"Invalid value for '{option}': {says}" in ended.words) == (2, True), ended.words
    assert not OF_A_LIBRARY.search(ended.words)


@pytest.mark.parametrize("text", ["18:30", " 8:05", "08:05:30", "18:30+02:00", "2026-10-31T18:30", "2026-10-31"])
def test_a_time_to_stop_at_is_read_as_the_others_are(text: str) -> None:
    until = GuardOptions(until=text).read()["until"]
    assert until == HoursOptions(at=text).read()["at"].astimezone()
    assert until.utcoffset() is not None
