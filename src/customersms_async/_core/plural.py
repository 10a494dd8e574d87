"""Numbers in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


def counted(number: int | Decimal, one: str, many: str | None = None) -> str:
    """``"1 recipient"``, ``"2,000 recipients"``: ``one`` for 1, else ``many``, by default with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
