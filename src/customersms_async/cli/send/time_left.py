"""How long a send will still take: by what the quota says, and by how fast the gateway answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ...models import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...models import QuotaStatus
    from .sending import Progress

_SCARCE: Final = 0.1
"""The share of a limit below which the quota is taken for what a send waits for: twice what BULK leaves to others."""


@final
class TimeLeft:
    """The time to the end of one send, asked a few times a second.

    Mutable state: the seconds that were spent on waiting for answers, and not for the quota; and the moment up to which
    they are counted.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._answering = 0.0
        self._until = clock()

    def seconds(self, progress: Progress, quota: QuotaStatus, by_quota: float) -> float | None:
        """Seconds to the end: those that the quota asks for, or those that the gateway's pace so far comes to.

        The larger of the two; ``None`` while nothing has been answered, as then nobody knows.
        """
        now = self._clock()
        passed, self._until = now - self._until, now
        if not waits_for_quota(quota):
            self._answering += passed
        answered = progress.done - progress.counts[Status.UNSENT]
        if not answered:
            return None
        left = progress.total - progress.done
        return max(by_quota, self._answering / answered * left)


def waits_for_quota(quota: QuotaStatus) -> bool:
    """Whether it is the quota, or a pause of the key, that a send waits for."""
    return quota.paused_seconds > 0 or any(one.free <= one.limit.requests * _SCARCE for one in quota.limits)
