"""What the doctor finds of one part: how it is, and what to do where it is not well."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


class PartHealth(enum.StrEnum):
    """How a part is. SKIPPED: it could not be looked at, as one before it is wrong."""

    OK = "ok"
    LOOK = "look"
    WRONG = "wrong"
    SKIPPED = "skipped"


class Finding(msgspec.Struct, frozen=True):
    """One part as it was found; ``todo`` says what to do about it, if there is anything."""

    part: str
    health: PartHealth
    found: str
    todo: str = ""


def exit_status(findings: Iterable[Finding]) -> int:
    """0 if nothing is wrong, else 1."""
    return int(any(each.health is PartHealth.WRONG for each in findings))


def ok(part: str, found: str) -> Finding:
    """A part that is well."""
    return Finding(part, PartHealth.OK, found)


def wrong(part: str, found: str, todo: str) -> Finding:
    """A part that keeps texts from being sent."""
    return Finding(part, PartHealth.WRONG, found, todo)


def look(part: str, found: str, todo: str) -> Finding:
    """A part that works, and that a person should look at."""
    return Finding(part, PartHealth.LOOK, found, todo)


def skipped(part: str, because: str) -> Finding:
    """A part that could not be looked at."""
    return Finding(part, PartHealth.SKIPPED, f"not looked at, as the {because} is wrong")
