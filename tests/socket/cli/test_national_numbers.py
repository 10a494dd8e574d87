"""Numbers as they are dialled at home: whoever meets them is told once of ``--region``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async._core import phone
from customersms_async.errors import InvalidRecipientError

if TYPE_CHECKING:
    from support.typed_command import Desk

TEXT = ("--message", "Hi")
REMARK = "2 numbers have no country code: say with --region where such numbers are dialled from, such as GB"
ONE = ", or say with --region where it is dialled from, such as GB"
HOME = "020 7183 8750"
FILE = f"phone\n{HOME}\n0044 20 7183 8751\n+12125551234\nnobody\n"


@pytest.mark.parametrize("number", [HOME, "00442071838750", "7"])
def test_a_number_as_it_is_dialled_at_home_is_known_as_one(number: str) -> None:
    with pytest.raises(InvalidRecipientError) as refused:
        phone.parse(number)
    assert refused.value.lacks_country_code


@pytest.mark.parametrize("number", ["+1", "nobody", "+12125551234 ext. 7", "2125551234.0"])
def test_other_reasons_are_not_mended_by_a_region(number: str) -> None:
    with pytest.raises(InvalidRecipientError) as refused:
        phone.parse(number)
    assert not refused.value.lacks_country_code


@pytest.mark.parametrize("command", ["send", "estimate", "run", "add"])
def test_a_preview_says_once_what_to_do_about_them(desk: Desk, command: str) -> None:
    file, ledger = desk.write(FILE), ("--ledger", str(desk.folder / "l"))
    words = {
        "send": ("send", "--file", file, *TEXT, "--dry-run"),
        "estimate": ("estimate", "--file", file, *TEXT),
        "run": ("campaign", "run", file, *TEXT, *ledger, "--dry-run"),
        "add": ("campaign", "add", file, *TEXT, *ledger, "--dry-run"),
    }[command]
    assert desk(*words).words.count(REMARK) == 1
    assert "--region" not in desk(*words, "--region", "GB").words


def test_numbers_on_the_command_line_have_it_said_as_well(desk: Desk) -> None:
    assert REMARK in desk("send", HOME, "02071838751", *TEXT).words
    assert "--region" not in desk("send", "+12125551234", *TEXT).words


def test_a_single_number_that_ends_a_command_names_the_option(desk: Desk) -> None:
    listed, people = desk.write(f"{HOME}\n", "numbers.txt"), desk.write("phone\n+12125551234\n")
    for words in (
        ("suppress", "add", HOME),
        ("suppress", "list", HOME),
        ("suppress", "import", listed, "--yes"),
        ("send", "--file", people, *TEXT, "--dry-run", "--suppress", listed),
        ("send", "--file", people, *TEXT, "--test-to", HOME),
        ("campaign", "resolve", "--ledger", "l", "--phones", listed, "--as", "accepted", "--by", "Ann"),
    ):
        ended = desk(*words)
        assert (ended.status, ONE in ended.words) == (2, True), ended.words
