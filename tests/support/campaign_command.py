"""``customersms campaign`` over one ledger, as the tests of the command type it."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.command import Commands

A, B = "+12125551234", "+13235554567"
LEDGER = ("--ledger", "l")


def begin(*more: str) -> tuple[str, ...]:
    return ("campaign", "run", "people.csv", "-m", "Hi {name}", *LEDGER, "--yes", "--pace", "none", *more)


def go_on(*more: str) -> tuple[str, ...]:
    return ("campaign", "run", *LEDGER, "--yes", "--pace", "none", *more)


def status(customersms: Commands) -> dict[str, Any]:
    ended = customersms("campaign", "status", *LEDGER, "--json")
    assert (ended.status, ended.err) == (0, "")
    found: dict[str, Any] = json.loads(ended.out)
    return found


def exported(customersms: Commands, *more: str) -> list[dict[str, str]]:
    ended = customersms("campaign", "export", *LEDGER, "--format", "csv", *more)
    assert ended.status == 0
    return list(csv.DictReader(ended.out.splitlines(keepends=True), strict=True))
