"""The clock of a ledger, as a process knows it: read now and then, and carried on by the process's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from collections.abc import Callable

    from .protocol import CampaignLedger

_FRESH_US: Final = 10_000_000
"""How long a reading is carried on: the two clocks drift by less than a millisecond in it, and a step is seen soon."""


@final
class LedgerClock:
    """Microseconds since 1970 by the clock of a ledger, which in a database is the server's.

    A reading was made at some moment between the question and the answer: ``earliest_us`` and ``latest_us`` are right
    whichever that was. ``clock`` gives the process's own microseconds, which only go forward. Mutable state: the last
    reading, and the process's time before and after it.
    """

    def __init__(self, ledger: CampaignLedger, clock: Callable[[], int]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._read_us = 0
        self._before_us = self._after_us = -_FRESH_US

    async def look(self) -> None:
        """Read the ledger's clock, unless that was done a moment ago. Raises ``LedgerError``."""
        before_us = self._clock()
        if before_us - self._before_us < _FRESH_US:
            return
        read_us = await self._ledger.now_us()
        self._read_us, self._before_us, self._after_us = read_us, before_us, self._clock()

    @property
    def earliest_us(self) -> int:
        """The least that the ledger's clock can show now."""
        return self._read_us + self._clock() - self._after_us

    @property
    def latest_us(self) -> int:
        """The most that the ledger's clock can show now."""
        return self._read_us + self._clock() - self._before_us

    def of_process(self, at_us: int) -> int:
        """The process's time before which the ledger's clock shows less than ``at_us``, whatever it shows."""
        return at_us - self._read_us + self._before_us
