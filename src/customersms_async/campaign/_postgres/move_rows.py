"""What a database says of a campaign's moves: read, and one row appended with each step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..move_states import LedgerMove, why_away
from ..refusals import CHANGED, refusal, still_sent_to
from .attempts import LedgerAttempts
from .calls import LOST_LEASE
from .values import decode_name, decode_number, decode_text, encode_text, only_row, typed

if TYPE_CHECKING:
    from ...errors import LedgerError

_MOVES: Final = (
    b"SELECT move, state, place, at_us, decided_by, database, copy FROM customersms.campaign_moves"
    b" WHERE campaign = $1 ORDER BY number"
)
_SAY: Final = b"SELECT * FROM customersms.campaign_say_of_move($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"


class LedgerMoves(LedgerAttempts):
    """The moves of a ledger in a database, and what is said of them."""

    async def become_mover(self) -> None:
        """Become the one runner, also of a ledger that may only be read as the campaign is moved."""
        await self._become_runner(moving=True)

    async def moves(self) -> list[LedgerMove]:
        """All that was ever said of its moves, the oldest first."""
        rows = [
            (
                decode_name(move),
                decode_name(state),
                decode_text(place),
                decode_number(at_us),
                decode_text(by),
                decode_name(database),
                decode_name(copy),
            )
            for move, state, place, at_us, by, database, copy in await self._call(_MOVES)
        ]
        return typed(rows, LedgerMove, self.name)

    async def say_of_move(self, said: LedgerMove) -> None:
        """Append what is said of a move: see ``MovingLedger``."""
        lease = self._lease()
        row = said.move.encode(), said.state.encode(), encode_text(said.place), encode_text(said.by)
        where = said.database.encode(), said.copy.encode()
        verdict, count, until_us = only_row(await self._call(_SAY, *lease, *row, *where, patient=False))
        if verdict == b"sending":
            raise still_sent_to(self.name, int(count or 0), int(until_us or 0))
        if verdict != b"said":
            raise refusal(self.name, _WHY[verdict or b""])

    async def _moved_away(self) -> LedgerError:
        found = await self.moves()
        return refusal(self.name, why_away(found[-1] if found else None) or "it was moved just now")


_WHY: Final = {
    b"doubted": "another PostgreSQL server took over, which may lack intents that were acknowledged: the campaign can't"
    " be moved until customersms ledger trust says that none are missing",
    b"fenced": LOST_LEASE,
    b"elsewhere": "it was brought to another database, of which this one is a copy: finish the move there",
    b"other": CHANGED,
}
"""Why nothing was said of a move, by the verdict."""
