"""The next recipients of a campaign: read from the ledger in the input's order, as batches of one text."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, final

from .._core.batching import Batch, Grouper
from .refusals import refusal
from .states import State

if TYPE_CHECKING:
    from .protocol import CampaignLedger
    from .timetable import Timetable

_MOST_EMPTY_SWEEPS: Final = 3
"""Sweeps in a row that may find nobody though the ledger counts somebody: what people decide meanwhile explains one."""


@final
class Plan:
    """Gives the planned recipients of a ledger in batches, and reads on as batches are asked for.

    No recipient is held twice: a sweep through the ledger meets each once. Whoever may not be texted now by the
    ``timetable`` is passed over, and met again by a later sweep.

    Mutable state: how far the sweep is, part-filled batches, those that are ready, how many sweeps found nobody, and
    whether all who are planned have to wait.
    """

    def __init__(
        self, ledger: CampaignLedger, batch_size: int, lookahead: int, timetable: Timetable | None = None
    ) -> None:
        self._ledger = ledger
        self._timetable = timetable
        self._grouper = Grouper(batch_size, lookahead)
        self._ready: deque[Batch] = deque()
        self._next_id = 0
        self._read = False
        self._empty_sweeps = 0
        self.waits: bool = False

    async def next(self) -> Batch | None:
        """The next batch, or ``None`` once the sweep is through."""
        while not self._ready and not self._read:
            page = await self._ledger.planned(self._next_id)
            if page:
                self._next_id, self._empty_sweeps = page[-1].id + 1, 0
                for one in page if self._timetable is None else await self._timetable.sorted(page):
                    self._ready.extend(self._grouper.push(one.id, one.phone, one.text))
            else:
                self._read = True
                self._ready.extend(self._grouper.flush())
        return self._ready.popleft() if self._ready else None

    def put_back(self, batch: Batch) -> None:
        """Have ``batch`` be the next one: it could not go out yet."""
        if len(batch):
            self._ready.appendleft(batch)

    async def again(self) -> bool:
        """Begin another sweep if anyone is planned by now, by a person's decision. Nothing may be under way.

        Raises ``LedgerError`` for a ledger that counts planned recipients and has none, as one changed by hand.
        """
        planned = sum(count.recipients for count in await self._ledger.counts() if count.state is State.PLANNED)
        self.waits = planned > 0 and not self._ready and await self._all_passed_over(planned)
        if not planned:
            return False
        if not self._ready and not self.waits:
            if self._timetable is not None:
                self._timetable.begin_sweep()
            self._empty_sweeps += 1
            if self._empty_sweeps > _MOST_EMPTY_SWEEPS:
                raise refusal(self._ledger.name, "it is damaged: it counts planned recipients, and holds none")
            self._next_id, self._read = 0, False
        return True

    async def _all_passed_over(self, planned: int) -> bool:
        """Whether all who are planned were passed over, and none of them may be texted yet."""
        table = self._timetable
        return table is not None and planned == table.passed_over and await table.seconds_left() > 0
