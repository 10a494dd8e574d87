"""The ledger at a place, of whichever kind it is there, and what of the place may be shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from .._core import written_address
from .._runtime.clock import wall_us
from ..errors import ConfigurationError
from ._sqlite.ledger import SQLiteLedger

if TYPE_CHECKING:
    from collections.abc import Callable

    from .protocol import CampaignLedger


class ShownPlace(NamedTuple):
    """A ledger's place as anybody may see it: ``name`` is for messages, and ``title`` the campaign's own name.

    ``again`` leads there again, for a database together with the password, if the place ``has_password``.
    """

    name: str
    title: str
    again: str
    has_password: bool


async def open_ledger(
    place: Path | str,
    name: str | None = None,
    *,
    create: bool = True,
    clock: Callable[[], int] | None = None,
    looking: bool = False,
) -> CampaignLedger:
    """Open the ledger at ``place``, a file's path or a database's URL, or make it if it isn't there and may be made.

    ``name`` is that of the campaign in the database, if the URL does not end in it; a file holds one campaign.
    ``clock`` gives integer microseconds in place of this machine's time, or of the server's. Whoever was being sent to
    by a process that has ended is unknown from here on, or once its requests' time is over; with ``looking`` they stay
    as they are, as whoever opens it so only looks. Raises ``LedgerError`` for a ledger that can't be used
    (``MissingLedgerError`` where there is none), and ``ConfigurationError`` for what can be no place, and a name that
    goes with no such place.
    """
    if is_address(place):
        from ._postgres.database_place import read_place
        from ._postgres.ledger import PostgresLedger

        return await PostgresLedger.open(read_place(str(place), name), create=create, clock=clock, looking=looking)
    if name is not None:
        raise ConfigurationError("a ledger that is a file holds one campaign, which has no name there")
    return await SQLiteLedger.open(place, create=create, clock=clock or wall_us, looking=looking)


def shown(place: str) -> ShownPlace:
    """What of ``place`` may be shown. Raises ``ConfigurationError`` for what can be none, without a word of it."""
    if not is_address(place):
        return ShownPlace(str(Path(place)), Path(place).name, str(Path(place)), has_password=False)
    from ._postgres.database_place import read_place, without_password

    found, again = read_place(place, None), without_password(place)
    return ShownPlace(found.shown, found.name, again, has_password=read_place(again, None).url != found.url)


def is_address(place: Path | str) -> bool:
    """Whether that is a database's address, and no file's path.

    Raises ``ConfigurationError`` for the address of something else, which may hold a password: as the path of a file
    it would stand in messages. It is one that a ``Path`` was made of, too, which has lost a slash, and libpq's words
    (``host=db password=…``), in which a campaign's name has no place.
    """
    text = str(place)
    if text.lower().startswith(_SCHEMES):
        return True
    if written_address.looks_like_address(text) or _has_words(text):
        raise ConfigurationError(
            "a ledger is a file, by its path, or in a PostgreSQL database, by a URL that is text, such as"
            " postgresql://host/database#spring"
        )
    return False


_SCHEMES: Final = ("postgresql://", "postgres://")


def _has_words(text: str) -> bool:
    if "=" not in text:
        return False
    from .._postgres.server_url import is_words

    return is_words(text)
