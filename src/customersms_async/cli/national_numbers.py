"""Numbers that are written as they are dialled at home: ``--region`` reads them, and whoever meets them is told so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._core.plural import counted

if TYPE_CHECKING:
    from ..errors import InvalidRecipientError


def with_region(reason: str, error: InvalidRecipientError) -> str:
    """The ``reason`` for which one number was refused with ``error``, and ``--region`` if that would read it."""
    if not error.lacks_country_code:
        return reason
    return f"{reason}, or say with --region where it is dialled from, such as GB"


def region_remark(count: int) -> str:
    """What to do about so many such numbers."""
    who = counted(count, "number has", "numbers have")
    return f"{who} no country code: say with --region where such numbers are dialled from, such as GB"
