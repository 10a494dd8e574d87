"""The runbook has every message of the source, and none that is not there, each with its meaning and what to do."""

from __future__ import annotations

import re

from support.messages import messages
from support.places import DOCS

ROW = re.compile(r"^\| (`.*?`) \| (.*?) \| (.*?) \|$", re.MULTILINE)
ROWS = ROW.findall((DOCS / "runbook.md").read_text(encoding="utf-8"))
TOLD = [message.replace(r"\|", "|") for cell, _, _ in ROWS for message in re.findall(r"`(.*?)`(?:<br>|$)", cell)]


def test_every_message_is_told() -> None:
    """What is missing is shown as rows of the page, to be filled in and put where it belongs."""
    missing = [f"| `{each.text}` | ({each.where}) |  |" for each in messages() if each.text not in TOLD]
    assert missing == [], "\n" + "\n".join(missing)


def test_no_message_is_told_that_nothing_says_any_more() -> None:
    said = {each.text for each in messages()}
    assert [message for message in TOLD if message not in said] == []


def test_a_message_is_told_once() -> None:
    assert sorted({message for message in TOLD if TOLD.count(message) > 1}) == []


def test_each_has_a_meaning_and_what_to_do() -> None:
    assert len(ROWS) > 60
    assert [cell for cell, means, do in ROWS if not (means.strip() and do.strip())] == []


def test_the_messages_are_found_in_every_form_in_which_they_are_written() -> None:
    """One of each: raised, returned, in a table, one of two, put into another, logged, printed."""
    texts = {each.text for each in messages()}
    assert {
        "url holds a space or a character that can't be seen",
        "the quota store could not be asked within max_wait: …",
        "connections are refused there",
        "it is read-only",
        "the time that --until names",
        "the quota store could not be told of an answer: …",
        "Who is rejected got nothing, and is not sent to again: see campaign resolve",
    } <= texts
