"""What a run has done lately, kept to be done again where another server took over and lacks it.

An asynchronous standby that is promoted may lack the last commits. Only a runner that lived on knows them, and only
while nobody else can have run the campaign: as long as its lease is valid by its own clock.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple, final

from ..._runtime.clock import now_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEPT_US: Final = 300_000_000
"""How long a call is kept, in microseconds: a standby that lags by more is beyond what anybody can vouch for.

That is by the time of the last intent, which only a server begins that is not doubted.
"""


class AcknowledgedCall(NamedTuple):
    """A call that was acknowledged: the command and its arguments, and when (``now_us``)."""

    command: bytes
    given: tuple[bytes | None, ...]
    at_us: int


@final
class RecentCalls:
    """The calls of the last minutes, in their order, which are its mutable state."""

    def __init__(self, clock: Callable[[], int] = now_us) -> None:
        self._clock = clock
        self._calls: deque[AcknowledgedCall] = deque()

    def note(self, command: bytes, given: tuple[bytes | None, ...]) -> None:
        """Keep a call that was acknowledged."""
        self._calls.append(AcknowledgedCall(command, given, self._clock()))

    def forget_old(self) -> None:
        """Forget the calls that are too old, as the server which has them was just heard.

        An answer can be recorded on the one that takes over, and as long after the last call to the one before as an
        outage takes: it says nothing of what that lacks.
        """
        oldest_us = self._clock() - KEPT_US
        while self._calls and self._calls[0].at_us < oldest_us:
            self._calls.popleft()

    def __iter__(self) -> Iterator[AcknowledgedCall]:
        """The calls, the oldest first."""
        return iter(tuple(self._calls))
