"""A function for ``on_event`` that keeps what it hears, and one that fails at everything."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from customersms_async.events import Event, OutcomesKnown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from customersms_async import Outcome, Status

E = TypeVar("E", bound=Event)
Kinds = Counter["tuple[Status, str | None]"]


class EventRecorder:
    """Keeps each event; ``fails``: and raises then."""

    def __init__(self, *, fails: bool = False) -> None:
        self.events: list[Event] = []
        self._fails = fails

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if self._fails:
            raise ZeroDivisionError

    @property
    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def of(self, kind: type[E]) -> list[E]:
        """The events of this kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def outcomes(self) -> Kinds:
        """What became of texts, counted."""
        found: Kinds = Counter()
        for event in self.of(OutcomesKnown):
            found[event.status, event.code] += event.recipients
        return found


def kinds(outcomes: Iterable[Outcome]) -> Kinds:
    """What ``EventRecorder.outcomes`` is to be for these."""
    return Counter((outcome.status, outcome.code) for outcome in outcomes)
