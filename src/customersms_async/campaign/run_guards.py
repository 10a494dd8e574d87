"""The guards of one run, held against its figures: before each request, after each answer, and as time goes by."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, final

from .guards import CampaignTotals, Guards, NextBatch, check, check_prefix, fitting
from .preparation import prepare

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Sequence

    from .._core.account import Account
    from ..errors import CampaignStoppedError
    from .protocol import CampaignLedger


@final
class RunGuards:
    """Stops a run where one of its ``guards`` says so; ``stop`` is called with the error that says which one.

    ``account`` tells of the credits. Mutable state: the figures of the campaign (``totals``), and the timer for
    ``until``.
    """

    def __init__(self, guards: Guards, account: Account, stop: Callable[[CampaignStoppedError], None]) -> None:
        self.totals: CampaignTotals = CampaignTotals()
        self._guards = guards
        self._account = account
        self._stop = stop
        self._timer: asyncio.TimerHandle | None = None

    async def prepare(self, ledger: CampaignLedger, suppressed: Iterable[str]) -> None:
        """Learn the figures from the ledger, once ``suppressed`` is in it. Raises what ``preparation.prepare`` does."""
        self.totals = await prepare(ledger, self._guards, suppressed)

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop the run when ``until`` has come, also while everyone waits; for now, if that is over already."""
        if self.check() is None and self._guards.until_unix is not None:
            left = max(0.001, self._guards.until_unix - time.time())  # a timer may be a moment early, as uvloop's are
            self._timer = loop.call_later(left, self.begin, loop)

    def end(self) -> None:
        """Watch the time no more."""
        if self._timer is not None:
            self._timer.cancel()

    def check(self) -> CampaignStoppedError | None:
        """Stop the run if nothing more at all may go out; gives why."""
        self.totals.credits = self._account.remaining
        stop = check(self._guards, self.totals, time.time())
        if stop is not None:
            self._stop(stop)
        return stop

    def forbids(self, phones: Sequence[str]) -> bool:
        """Whether nothing may go out to these numbers, for which the run was stopped then."""
        if self.check() is not None:
            return True
        stop = check_prefix(self._guards, phones)
        if stop is not None:
            self._stop(stop)
        return stop is not None

    def begin_request(self, recipients: int, segments_each: int) -> int:
        """How many of these recipients may be sent to now, who are counted in; 0 until more answers have come.

        Where no answer can change that, the run is stopped.
        """
        most, stop = fitting(self._guards, self.totals, NextBatch(recipients, segments_each))
        if most:
            self.totals.start(most, segments_each)
        elif stop is not None and not self.totals.requests_in_flight:
            self._stop(stop)
        return most
