"""How long a worker leaves a campaign alone whose run has ended and is still wanted."""

from __future__ import annotations

from typing import Final, final

AFTER_END_SECONDS: Final = 1.0
"""After a run that ended well, or that somebody else had begun: it is hardly ever found again."""

FIRST_SECONDS: Final = 5.0
LONGEST_SECONDS: Final = 300.0
"""After a run that failed, and after the next one: doubled up to the second, which a person who mends it can wait."""


@final
class CampaignBackoff:
    """The campaigns that this worker leaves alone for a while, each until a time of its own.

    What is wanted ``since`` another moment was wanted anew, by a person or by a run, and is not left alone. Times are
    seconds of one clock. Mutable state: for each campaign, since when it was wanted, until when it is left alone, and
    how many runs failed in a row.
    """

    def __init__(self) -> None:
        self._backoffs: dict[str, tuple[int, float, int]] = {}

    def failed(self, name: str, since_us: int, now: float) -> float:
        """Take note that a run failed; gives the seconds until the next try."""
        known, _, failures = self._backoffs.get(name, (since_us, 0.0, 0))
        failures = failures + 1 if known == since_us else 1
        seconds = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures - 1, 10))
        self._backoffs[name] = (since_us, now + seconds, failures)
        return seconds

    def ended(self, name: str, since_us: int, now: float) -> None:
        """Take note that a run ended without a failure."""
        self._backoffs[name] = (since_us, now + AFTER_END_SECONDS, 0)

    def is_left_alone(self, name: str, since_us: int, now: float) -> bool:
        """Whether the campaign is to be left alone."""
        known, until, _ = self._backoffs.get(name, (since_us, 0.0, 0))
        return known == since_us and now < until

    def forget(self, now: float) -> None:
        """Forget campaigns that were not tried for so long that a next failure would be a first one."""
        old = now - LONGEST_SECONDS
        self._backoffs = {name: one for name, one in self._backoffs.items() if one[1] > old}
