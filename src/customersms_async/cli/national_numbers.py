"""Numbers that are written as they are dialled at home: ``--region`` reads them, and whoever meets them is told so."""

from __future__ import annotations

from typing import Final

from .._core.plural import counted

_ADVICE: Final = "with + and"
"""What the reason says, among other words, for which such a number is refused where no region is given."""


def is_national(reason: str | None) -> bool:
    """Whether a number was refused for ``reason`` as no region is given in which it is dialled."""
    return reason is not None and _ADVICE in reason


def with_region(reason: str) -> str:
    """The reason for which one number was refused, with ``--region`` if that would read it."""
    return f"{reason}, or say with --region where it is dialled from, such as GB" if is_national(reason) else reason


def region_remark(count: int) -> str:
    """What to do about so many such numbers."""
    who = counted(count, "number has", "numbers have")
    return f"{who} no country code: say with --region where such numbers are dialled from, such as GB"
