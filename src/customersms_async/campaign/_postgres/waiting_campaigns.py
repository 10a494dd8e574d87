"""The campaigns of a database that nobody runs although a run is wanted: found by their state, not by jobs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from ..._postgres.errors import PostgresError
from ..._postgres.wire import unhexed
from ...errors import LedgerError
from ..refusals import LedgerAwayError
from ..terms import CampaignTerms, decode
from .values import decode_text, encode_text

if TYPE_CHECKING:
    from ..._postgres.server import PostgresServer

_WAITING: Final = b"SELECT * FROM customersms.campaign_waiting($1, $2)"


class WaitingCampaign(NamedTuple):
    """A campaign that nobody alive runs, though a run is wanted, since ``since_us`` (microseconds since 1970).

    ``terms`` are those that a run must keep to; ``None`` if what stands there is none that this version can read.
    """

    name: str
    since_us: int
    terms: CampaignTerms | None


async def waiting_campaigns(server: PostgresServer, name: str | None = None) -> list[WaitingCampaign]:
    """All waiting campaigns, or the one of that ``name`` if it is one; first those wanted for the longest time.

    Reads campaigns of which a run is wanted, and no other. Raises ``LedgerError``: ``LedgerAwayError`` for what may
    pass by itself.
    """
    try:
        rows = await server.ask(_WAITING, None, None if name is None else encode_text(name))
    except PostgresError as error:
        kind = LedgerAwayError if error.temporary else LedgerError
        raise kind(f"the database of the campaigns can't be used: {error}") from None
    return [
        WaitingCampaign(decode_text(name) or "", int(since_us or 0), _terms(terms)) for name, since_us, terms in rows
    ]


@lru_cache(maxsize=1_000)
def _terms(written: bytes | None) -> CampaignTerms | None:
    try:
        return decode(unhexed(written).decode())
    except ValueError:  # also of bytes that are no text
        return None
