"""Credits in the JSON of the command: strings, as its page says, so that no digit of them is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.typed_command import Desk

A = "+12125551234"


@pytest.mark.parametrize("campaign", [False, True], ids=["send", "campaign"])
def test_credits_are_strings(desk: Desk, campaign: bool) -> None:
    file = desk.write(f"phone\n{A}\n")
    first = ("campaign", "run", file, "--ledger", str(desk.folder / "l")) if campaign else ("send", "--file", file)
    ended = desk(*first, "--message", "Hi", "--yes", "--json", "--warn-credits", "2000000")
    told = [json.loads(line) for line in ended.out.splitlines()]
    warned = next(one for one in told if "warning" in one)
    assert isinstance(warned["below"], str)
    for figure in (warned["remaining_credits"], told[-1]["summary"]["remaining_credits"]):
        assert isinstance(figure, str)
        assert float(figure) > 0
