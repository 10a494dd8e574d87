"""The ledger at a place, of whichever kind it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._runtime.clock import wall_us
from ..errors import ConfigurationError
from ._sqlite.ledger import SQLiteLedger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .protocol import CampaignLedger


async def open_ledger(
    place: Path | str, name: str | None = None, *, create: bool = True, clock: Callable[[], int] = wall_us
) -> CampaignLedger:
    """Open the ledger at ``place``, a file's path, or make it if it isn't there and may be made.

    ``name`` is that of a campaign among others; a file holds one campaign. ``clock`` gives the times that are kept
    (microseconds since 1970). Whoever was being sent to by a process that has ended is unknown from here on. Raises
    ``LedgerError`` for a ledger that can't be used, and ``ConfigurationError`` for a name that goes with no such place.
    """
    if name is not None:
        raise ConfigurationError("a ledger that is a file holds one campaign, which has no name there")
    return await SQLiteLedger.open(place, create=create, clock=clock)
