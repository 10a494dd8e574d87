"""The ledger at a place, of whichever kind it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._runtime.clock import wall_us
from ..errors import ConfigurationError
from ._sqlite.ledger import SQLiteLedger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .protocol import CampaignLedger


async def open_ledger(
    place: Path | str, name: str | None = None, *, create: bool = True, clock: Callable[[], int] | None = None
) -> CampaignLedger:
    """Open the ledger at ``place``, a file's path or a database's URL, or make it if it isn't there and may be made.

    ``name`` is that of the campaign in the database, if the URL does not end in it; a file holds one campaign.
    ``clock`` gives integer microseconds in place of this machine's time, or of the server's. Whoever was being sent to
    by a process that has ended is unknown from here on, or once its requests' time is over. Raises ``LedgerError`` for
    a ledger that can't be used, and ``ConfigurationError`` for a name that goes with no such place.
    """
    if isinstance(place, str) and is_address(place):
        from ._postgres.ledger import PostgresLedger
        from ._postgres.place import read_place

        return await PostgresLedger.open(read_place(place, name), create=create, clock=clock)
    if name is not None:
        raise ConfigurationError("a ledger that is a file holds one campaign, which has no name there")
    return await SQLiteLedger.open(place, create=create, clock=clock or wall_us)


def is_address(place: str) -> bool:
    """Whether that is a database's address, and no file's path."""
    return place.lower().startswith(_SCHEMES)


_SCHEMES: Final = ("postgresql://", "postgres://")
