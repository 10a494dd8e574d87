"""Files in which nobody is: an export that went wrong is told, and is no success."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.spreadsheet_files import sheet

if TYPE_CHECKING:
    from pathlib import Path

    from support.typed_command import Desk

TEXT = ("--message", "Hi")
HEADER = '<c t="inlineStr"><is><t>phone</t></is></c>'
EMPTY = {
    "header.csv": b"phone,name\n",
    "titles.csv": b"Customers\nphone,name\n",
    "blank rows.csv": b"phone,name\n,\n\n",
    "header.tsv": b"phone\tname\n",
    "header.xlsx": sheet({1: [HEADER]}),
    "empty.txt": b"",
    "blank.lst": b"\n \n",
}
NOBODY = "it has not a single row, so nobody is in it"


def commands(file: str, ledger: str) -> dict[str, tuple[str, ...]]:
    return {
        "send": ("send", "--file", file, *TEXT, "--yes"),
        "preview": ("send", "--file", file, *TEXT, "--dry-run"),
        "estimate": ("estimate", "--file", file, *TEXT),
        "run": ("campaign", "run", file, *TEXT, "--ledger", ledger, "--yes"),
        "add": ("campaign", "add", file, *TEXT, "--ledger", ledger, "--yes"),
        "resolve": ("campaign", "resolve", "--phones", file, "--as", "planned", "--by", "Ann", "--ledger", ledger),
    }


@pytest.mark.parametrize("command", commands("", ""))
@pytest.mark.parametrize("name", EMPTY)
def test_a_file_without_a_row_is_refused_and_nothing_is_made(
    desk: Desk, tmp_path: Path, name: str, command: str
) -> None:
    path = tmp_path / name
    path.write_bytes(EMPTY[name])
    ended = desk(*commands(str(path), str(tmp_path / "l"))[command])
    assert (ended.status, f"{path}: {NOBODY}" in ended.words) == (2, True), ended.words
    assert list(tmp_path.iterdir()) == [path]
    assert desk.gateway.requests == 0


@pytest.mark.parametrize("command", ["send", "preview", "estimate", "run", "add", "resolve"])
def test_a_standard_input_with_nothing_in_it_is_refused(desk: Desk, tmp_path: Path, command: str) -> None:
    ended = desk(*commands("-", str(tmp_path / "l"))[command])
    assert (ended.status, f"-: {NOBODY}" in ended.words) == (2, True), ended.words
    assert desk.gateway.requests == 0


def test_a_log_of_replies_to_which_nobody_has_replied_yet_is_no_failure(desk: Desk) -> None:
    ended = desk("suppress", "import", desk.write("From,To,Body\n", "log.csv"), "--stops", "--yes")
    assert (ended.status, "added to the list: 0" in ended.words) == (0, True), ended.words
