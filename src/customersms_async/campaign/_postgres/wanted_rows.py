"""What is wanted of a campaign, as a database has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ..refusals import refusal
from ..wanted import WantedNow, WantedRow
from .values import decode_name, decode_number, decode_text, typed

if TYPE_CHECKING:
    from ..._postgres.wire import Row

WANTED: Final = (
    b"SELECT w.number, w.state, w.event, w.at_us, w.decided_by, w.guard, w.why, t.terms,"
    b" customersms.campaign_anyone_left($1)"
    b" FROM (SELECT) one LEFT JOIN LATERAL customersms.campaign_wanted_last($1) w ON w.number IS NOT NULL"
    b" LEFT JOIN customersms.campaign_terms t ON t.campaign = w.campaign AND t.number = w.terms"
)
WANT: Final = b"SELECT customersms.campaign_want($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"


class WantedSeen(NamedTuple):
    """The wish that holds now (``None``: nobody was added), the row (from 1) that says so, and if anyone is left."""

    now: WantedNow | None
    number: int
    anyone_left: bool


def read_wanted(answer: Row, ledger: str) -> WantedSeen:
    """The answer to ``WANTED``. Raises ``LedgerError`` for what no campaign writes."""
    number, state, event, at_us, by, guard, why, written, left = answer
    anyone_left = left == b"t"
    if number is None:
        return WantedSeen(None, 0, anyone_left)
    row = (
        decode_name(state),
        decode_name(event),
        decode_number(at_us),
        decode_text(by),
        decode_text(guard),
        decode_text(why),
        decode_text(written),
    )
    (found,) = typed([row], WantedRow, ledger)
    try:
        return WantedSeen(found.now(), int(number), anyone_left)
    except ValueError as error:
        raise refusal(ledger, f"it holds what no campaign writes there ({error})") from None
