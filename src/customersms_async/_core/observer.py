"""The seam for whoever looks on while texts are sent: logs, telemetry, hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..models import Outcome, Priority

WaitReason: TypeAlias = Literal["connection", "store", "pace", "quota"]
"""What a request lacks: the first of these. A key that pauses has no quota; a store that can't be asked gives none."""

RunKind: TypeAlias = Literal["send_many", "stream", "campaign"]


class Observer(Protocol):
    """Hears what becomes known, in the event loop, at the moment when it does; what it raises is logged, and no more.

    Nobody looks on unless told to, and then nothing here is imported or called. ``key_id`` is the key's fingerprint,
    ``attempt`` and ``run`` are numbers of what begins and ends, of use until it has ended. Lengths are in seconds.
    """

    def wait_began(self, key_id: str, priority: Priority, reason: WaitReason) -> None:
        """A request stands in line, at first for ``reason``."""

    def wait_ended(self, key_id: str, priority: Priority, seconds: float, *, admitted: bool) -> None:
        """A request was let in, or has left its line: stopped, held back, cancelled, or its time was over."""

    def attempt_began(self, key_id: str, attempt: int, priority: Priority, recipients: int) -> None:
        """A request to so many recipients was let in, and leaves as soon as a connection stands."""

    def attempt_ended(
        self,
        key_id: str,
        attempt: int,
        seconds: float,
        *,
        sent: bool,
        status_code: int | None,
        outcomes: Sequence[Outcome],
    ) -> None:
        """What became of a request is known; ``sent``: its first byte may have left.

        There is an outcome for each of its recipients: the last, unless they are tried again.
        """

    def retry_planned(self, key_id: str, attempts: int, seconds: float) -> None:
        """A request that has failed ``attempts`` times is tried again after so long."""

    def outcomes_known(self, key_id: str, priority: Priority, outcomes: Sequence[Outcome]) -> None:
        """What became of these recipients, told once for each of them, before or after its caller hears of it."""

    def key_paused(self, key_id: str, seconds: float) -> None:
        """The gateway has told the key to pause for so long."""

    def store_failed(self, key_id: str, reason: str) -> None:
        """The quota store can't be asked, and nothing is sent until it can; told once in an outage."""

    def store_recovered(self, key_id: str, failures: int) -> None:
        """The quota store has answered again, after so many failures."""

    def run_began(self, key_id: str, run: int, kind: RunKind) -> None:
        """A bulk send or a campaign's run has begun."""

    def run_ended(self, key_id: str, run: int, reason: str | None) -> None:
        """A bulk send or a campaign's run has ended; ``reason`` is why it did before everybody was sent to."""
