"""``--test-to`` and the first text of a ledger: what goes to oneself before it goes to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async.sandbox import Fault, magic

if TYPE_CHECKING:
    from support.typed_command import Desk

A, B, ME = "+12125551234", "+13235554567", "+16465550000"
PEOPLE = f"phone,name\nbad,Al\n{A},Ann\n{B},Bob\n"
MINE = ("--test-to", "+1 (646) 555-0000")


def begin(desk: Desk, *more: str) -> tuple[str, ...]:
    return ("campaign", "run", desk.write(PEOPLE), "--ledger", str(desk.folder / "l"), "--message", "Hi {name}", *more)


@pytest.mark.parametrize("campaign", [False, True], ids=["send", "campaign"])
@pytest.mark.parametrize(("row", "text"), [((), "Hi Ann"), (("--test-row", "3"), "Hi Bob")])
def test_one_text_goes_to_oneself_and_nothing_else_where_nobody_can_be_asked(
    desk: Desk, campaign: bool, row: tuple[str, ...], text: str
) -> None:
    command = begin(desk) if campaign else ("send", "--file", desk.write(PEOPLE), "--message", "Hi {name}")
    ended = desk(*command, *MINE, *row)
    assert ended.status == 2
    assert f"the test text to {ME} was accepted, 1 segment" in ended.words
    assert "nothing else was sent: there is nobody to ask" in ended.words
    assert "add --yes" not in ended.words
    assert desk.sent == {ME: text}


def test_the_sandbox_ends_there_as_well_where_nobody_can_be_asked(desk: Desk) -> None:
    ended = desk("send", "--sandbox", "--file", desk.write(PEOPLE), "--message", "Hi {name}", *MINE)
    assert ended.status == 2
    assert f"the test text to {ME} was accepted" in ended.words
    assert "nothing else was sent: there is nobody to ask" in ended.words
    assert "2 accepted" not in ended.words


@pytest.mark.parametrize("row", [(), ("--test-row", "3")], ids=["first", "third"])
def test_a_ledger_that_has_begun_has_a_text_to_try_as_well(desk: Desk, row: tuple[str, ...]) -> None:
    assert desk(*begin(desk, "--max-recipients", "0", "--yes")).status == 4
    go_on = ("campaign", "run", "--ledger", str(desk.folder / "l"))
    desk(*go_on, *MINE, *row)
    assert desk.sent == {ME: "Hi Bob" if row else "Hi Ann"}
    ended = desk(*go_on, *MINE, "--test-row", "1")
    assert (ended.status, "--test-row 1: nobody is planned there" in ended.words) == (2, True)
    assert desk(*go_on, "--yes").status == 3
    ended = desk(*go_on, *MINE)
    assert (ended.status, "nobody is planned any more" in ended.words) == (2, True)


def test_the_first_texts_of_a_ledger_that_has_begun_are_shown(desk: Desk) -> None:
    assert desk(*begin(desk, "--max-recipients", "0", "--yes")).status == 4
    go_on = ("campaign", "run", "--ledger", str(desk.folder / "l"), "--dry-run")
    first = f"the first text, 1 segment (GSM-7, 6 of 160): {A}: Hi Ann"
    assert f"{first} 2 recipients are planned" in desk(*go_on).words
    assert f"{first} {B}: Hi Bob 2 recipients are planned" in desk(*go_on, "--sample", "5").words
    for option in (("--smart",), ("--literal",), ("--require", "name")):
        assert "the texts in the ledger stay as they are" in desk(*go_on, *option).words


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((*MINE, "--test-row", "1"), "--test-row 1 (line 2) can't be sent to: it has no digits"),
        ((*MINE, "--test-row", "9"), "--test-row 9: there are 3 rows; name one of them"),
        ((*MINE, "--yes"), "goes with neither --yes nor --dry-run"),
        ((*MINE, "--dry-run"), "goes with neither --yes nor --dry-run"),
        (("--test-to", "me"), "Invalid value for '--test-to': 'me': it has no digits"),
        (("--test-row", "2"), "--test-row says which row's text --test-to sends: give both"),
    ],
)
def test_a_test_text_that_can_not_be_is_refused(desk: Desk, options: tuple[str, ...], says: str) -> None:
    ended = desk("send", "--file", desk.write(PEOPLE), "--message", "Hi {name}", *options)
    assert (ended.status, says in ended.words) == (2, True), ended.words
    assert desk.gateway.requests == 0


def test_a_test_text_needs_a_file_and_somebody_in_it(desk: Desk) -> None:
    ended = desk("send", A, "--message", "Hi", *MINE)
    assert (ended.status, "it needs a file" in ended.words) == (2, True)
    ended = desk("send", "--file", desk.write("phone\nbad\n"), "--message", "Hi", *MINE)
    assert (ended.status, "no row can be sent to" in ended.words) == (2, True)
    assert desk.gateway.requests == 0


@pytest.mark.parametrize(
    ("fault", "says"), [(Fault.ROW_REJECTED, "was not sent: "), (Fault.JSON_CUT, "may have been sent: ")]
)
def test_a_test_text_that_fails_ends_it(desk: Desk, fault: Fault, says: str) -> None:
    options = ("--message", "Hi {name}", "--test-to", magic.number(fault))
    ended = desk("send", "--file", desk.write(PEOPLE), *options)
    assert ended.status == 1
    assert f"the test text to {magic.number(fault)} {says}" in ended.words
    assert "nothing else was sent" in ended.words
    assert not {A, B} & set(desk.sent)
