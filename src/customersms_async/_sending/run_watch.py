"""What those who look on hear of one bulk send or campaign's run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..events import RunKind
    from ..models import Outcome, Priority
    from .announcer import Announcer
    from .observers import Counts
    from .outcome_queue import OutcomeSource
    from .sender import Sender


class WatchedRun(NamedTuple):
    """The sender of one run's requests, and what tells of the run; no watch if nobody looks on."""

    sender: Sender
    watch: RunWatch | None


def watch_run(sender: Sender, kind: RunKind, priority: Priority, counts: Counts | None = None) -> WatchedRun:
    """Tell those who look on that a run begins; ``counts`` gives how many of a campaign's recipients are in each state.

    Its requests go out with the sender that this gives, so that they are known as the run's.
    """
    if sender.announcer is None:
        return WatchedRun(sender, None)
    watch = RunWatch(sender, sender.announcer, kind, priority, counts)
    return WatchedRun(msgspec.structs.replace(sender, announcer=watch.announcer), watch)


@final
class RunWatch:
    """Tells of one run: its beginning, each outcome, its end. Mutable state: whether it has ended."""

    __slots__ = ("_ended", "_kind", "_priority", "_sender", "announcer")

    def __init__(
        self, sender: Sender, announcer: Announcer, kind: RunKind, priority: Priority, counts: Counts | None
    ) -> None:
        self._sender = sender
        self._kind = kind
        self._priority = priority
        self._ended = False
        self.announcer: Announcer = announcer.begin_run(sender, kind, id(self), counts)

    def outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Tell of what became of some recipients."""
        self.announcer.outcomes(self._sender, self._priority, outcomes)

    def end(self, source: OutcomeSource) -> None:
        """Tell, once, that no further outcome will come, and why not if there might have been some."""
        if not self._ended:
            self._ended = True
            self.announcer.end_run(self._sender, self._kind, _reason(source))


def _reason(source: OutcomeSource) -> str | None:
    guard_stop = source.deliveries.guard_stop
    if guard_stop is not None:
        return guard_stop.guard
    if source.deliveries.fatal is not None:
        return source.deliveries.fatal.fatal
    if source.error is not None:
        return getattr(source.error, "guard", None) or type(source.error).__name__
    return source.deliveries.stop_code
