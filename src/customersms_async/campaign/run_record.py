"""The record of a run in its ledger: that it is wanted, before its first request, and at its end what it came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from .preparation import still_on, want_run
from .process_name import this_process
from .terms import with_list
from .wanted import WantedChange, end_of_run
from .wanted_states import WantedEvent

if TYPE_CHECKING:
    from .._sending.deliveries import Deliveries
    from ..suppression.protocol import SuppressionStore
    from .protocol import CampaignLedger
    from .terms import CampaignTerms


@final
class RunRecord:
    """Has the ledger say what is wanted as one run begins and ends.

    ``succeeds``: the run goes on with one that is wanted on these ``terms``, and if it is left early, *run* is still
    wanted. ``suppression`` is the client's list. Mutable state: whether the ledger has the run as wanted.
    """

    def __init__(
        self,
        ledger: CampaignLedger,
        terms: CampaignTerms,
        suppression: SuppressionStore | None,
        *,
        succeeds: bool,
    ) -> None:
        self._ledger = ledger
        self._terms = terms
        self._suppression = suppression
        self._succeeds = succeeds
        self._is_wanted = False

    async def begin(self) -> None:
        """Have *run* wanted, or see that it is. Raises what ``want_run`` and ``still_on`` do."""
        if self._succeeds:
            await still_on(self._ledger, self._terms)
        else:
            await want_run(self._ledger, await with_list(self._terms, self._suppression))
        self._is_wanted = True

    async def finish(self) -> bool:
        """Say that the run is done, as nobody is left; false if somebody is by now.

        The ledger does both in one step, so that whoever is added just then is sent to, or needs a run.
        """
        is_said = await self._ledger.want(WantedChange(event=WantedEvent.FINISHED, by=this_process()))
        self._is_wanted = not is_said
        return is_said

    async def end(self, error: BaseException | None, deliveries: Deliveries) -> None:
        """Say what is wanted now, after a run that ended with ``error``, unless *run* still is."""
        fatal = None if deliveries.fatal is None else deliveries.fatal.fatal
        change = end_of_run(error, fatal, left=deliveries.stop_code is not None, by=this_process())
        if change is None or not self._is_wanted or (self._succeeds and change.event is WantedEvent.INTERRUPTED):
            return
        await self._ledger.want(change)
