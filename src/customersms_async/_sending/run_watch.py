"""What an observer hears of one bulk send or campaign's run."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from .._runtime.observing import tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._core.observer import Observer, RunKind
    from ..models import Outcome, Priority
    from .outcome_queue import OutcomeSource
    from .sender import Sender


def watch_run(sender: Sender, kind: RunKind, priority: Priority) -> RunWatch | None:
    """Tell the sender's observer that a run begins; None if nobody looks on."""
    return None if sender.observer is None else RunWatch(sender.observer, sender.room.key_id, kind, priority)


@final
class RunWatch:
    """Tells ``observer`` of one run: its beginning, each outcome, its end. Mutable state: whether it has ended."""

    __slots__ = ("_ended", "_key_id", "_observer", "_priority")

    def __init__(self, observer: Observer, key_id: str, kind: RunKind, priority: Priority) -> None:
        self._observer = observer
        self._key_id = key_id
        self._priority = priority
        self._ended = False
        tell(observer.run_began, key_id, id(self), kind)

    def outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Tell of what became of some recipients."""
        tell(self._observer.outcomes_known, self._key_id, self._priority, outcomes)

    def end(self, source: OutcomeSource) -> None:
        """Tell, once, that no further outcome will come, and why not if there might have been some."""
        if not self._ended:
            self._ended = True
            tell(self._observer.run_ended, self._key_id, id(self), _reason(source))


def _reason(source: OutcomeSource) -> str | None:
    guard_stop = source.deliveries.guard_stop
    if guard_stop is not None:
        return guard_stop.guard
    if source.error is not None:
        return getattr(source.error, "guard", None) or type(source.error).__name__
    return source.deliveries.stop_code
