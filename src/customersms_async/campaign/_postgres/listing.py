"""All campaigns of a database: what is wanted of each, how many are in which state, and who runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._postgres.errors import PostgresError
from ..._postgres.server import DEFAULT_TIMEOUT, PostgresServer
from ..listing import ListedCampaign
from ..move_states import LedgerMove, why_away
from ..refusals import refusal
from ..rows import RunningNow
from ..states import State
from .calls import refused
from .values import decode_name, decode_number, decode_text, typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .database_place import DatabasePlace

_LISTED: Final = b"""
SELECT c.name, w.state, w.guard, h.words, l.since_us, k.state, k.recipients, m.move, m.state, m.place, m.at_us,
  m.decided_by
FROM customersms.campaigns c
LEFT JOIN LATERAL customersms.campaign_wanted_last(c.campaign) w ON true
LEFT JOIN LATERAL (
  SELECT * FROM customersms.campaign_moves a WHERE a.campaign = c.campaign ORDER BY a.number DESC LIMIT 1
) m ON true
LEFT JOIN customersms.campaign_leases l ON l.campaign = c.campaign AND l.holder IS NOT NULL
LEFT JOIN customersms.campaign_hosts h ON h.host = l.host AND h.until_us > customersms.wall_us()
LEFT JOIN (
  SELECT campaign, state, sum(recipients) AS recipients FROM customersms.campaign_counts GROUP BY campaign, state
) k ON k.campaign = c.campaign
ORDER BY c.name, c.campaign
"""


def _move(row: Sequence[bytes | None], database: str) -> LedgerMove | None:
    """What was said last of the campaign's move, if anything was."""
    move, state, place, at_us, by = row
    if move is None:
        return None
    (last,) = typed(
        [(decode_name(move), decode_name(state), decode_text(place), decode_number(at_us), decode_text(by))],
        LedgerMove,
        database,
    )
    return last


async def listed(place: DatabasePlace) -> list[ListedCampaign]:
    """All campaigns of the database, by name. Raises ``LedgerError``."""
    server = PostgresServer(place.url, "a campaign", DEFAULT_TIMEOUT, place.failover)
    try:
        rows = await server.ask(_LISTED)
    except PostgresError as error:
        raise refused(place.shown, error) from None
    finally:
        await server.aclose()
    found: dict[str, ListedCampaign] = {}
    try:
        for name, wanted, guard, by, since_us, state, recipients, *move in rows:
            title = decode_text(name) or ""
            one = found.get(title)
            if one is None:
                running = None if by is None else RunningNow(decode_text(by) or "", decode_number(since_us))
                counts = dict.fromkeys(State, 0)
                away = why_away(_move(move, place.shown))
                one = found[title] = ListedCampaign(
                    title, decode_name(wanted), decode_text(guard) or None, counts, running, away
                )
            if state is not None:
                one.counts[State(decode_name(state) or "")] = decode_number(recipients) or 0
    except ValueError as error:  # also of bytes that are no text
        raise refusal(place.shown, f"it holds what no campaign writes there ({error})") from None
    return list(found.values())
