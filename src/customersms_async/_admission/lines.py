"""Who stands where in a waiting room: for each pool of connections, a line of each priority."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, final

from ..models import Priority

if TYPE_CHECKING:
    from .._http.connections import Connections
    from .place import Place
    from .ticket import Terms


class Group(NamedTuple):
    """How many wait with the same priority on the same terms."""

    priority: Priority
    terms: Terms
    requests: int


@final
class Lines:
    """All who wait in one room. Mutable state: the lines of each pool that somebody waits for; how many wait."""

    __slots__ = ("_of_pool", "waiting")

    def __init__(self) -> None:
        self.waiting = 0
        self._of_pool: dict[Connections, tuple[Line, ...]] = {}

    @property
    def pools(self) -> tuple[Connections, ...]:
        """The pools that somebody waits for, and perhaps some for which nobody does any more: see ``head``."""
        return tuple(self._of_pool)

    def enter(self, place: Place) -> None:
        """Have ``place`` stand where its ticket says."""
        connections = place.terms.connections
        lines = self._of_pool.get(connections)
        if lines is None:
            lines = self._of_pool[connections] = tuple(Line() for _ in Priority)
        lines[place.ticket.priority].enter(place)
        self.waiting += 1
        connections.wait_begins()
        place.stand()

    def leave(self, place: Place) -> None:
        """Count out one that has ended."""
        connections = place.terms.connections
        self._of_pool[connections][place.ticket.priority].leave(place)
        self.waiting -= 1
        connections.wait_ends()

    def head(self, connections: Connections) -> Place | None:
        """The first who waits for this pool; None, and the pool is forgotten, if nobody does."""
        for line in self._of_pool.get(connections, ()):
            if (head := line.head()) is not None:
                return head
        self._of_pool.pop(connections, None)
        return None

    def groups(self, last: int = Priority.BULK) -> list[Group]:
        """Who waits, the more urgent first, down to the priority ``last``."""
        found = [
            Group(priority, terms, requests)
            for lines in self._of_pool.values()
            for priority, line in zip(Priority, lines, strict=True)
            if priority <= last
            for terms, requests in line.by_terms.items()
        ]
        return sorted(found, key=attrgetter("priority"))

    def ahead_of(self, place: Place) -> list[Group]:
        """Who goes first, if ``place`` stood behind all of its priority; before them all if it was let in before."""
        ticket, groups = place.ticket, self.groups(place.ticket.priority - place.ticket.retried)
        if not place.stands:
            return groups
        own = ticket.priority, place.terms
        return [group._replace(requests=group.requests - 1) if group[:2] == own else group for group in groups]


@final
class Line:
    """Places in the order of their tickets; one that ended stays until it comes to the head or half have ended.

    Entering is O(1) for a newcomer, and O(n) in a fast copy for one that comes back to its old place. ``by_terms`` is
    how many wait on which terms.
    """

    __slots__ = ("_ended", "_places", "by_terms")

    def __init__(self) -> None:
        self.by_terms: dict[Terms, int] = {}
        self._places: deque[Place] = deque()
        self._ended = 0

    def enter(self, place: Place) -> None:
        """Have ``place`` stand where its ticket's number says."""
        places, number = self._places, place.ticket.number
        if not places or places[-1].ticket.number < number:
            places.append(place)
        else:
            places.insert(bisect_left(places, number, key=_number), place)
        self.by_terms[place.terms] = self.by_terms.get(place.terms, 0) + 1

    def leave(self, place: Place) -> None:
        """Count out one that has ended, wherever it stands."""
        left = self.by_terms[place.terms] - 1
        if left:
            self.by_terms[place.terms] = left
        else:
            del self.by_terms[place.terms]
        self._ended += 1
        if 2 * self._ended > len(self._places) + 64:
            self._ended = 0
            self._places = deque(place for place in self._places if not place.done())

    def head(self) -> Place | None:
        """The first that has not ended."""
        places = self._places
        while places:
            if not places[0].done():
                return places[0]
            places.popleft()
            self._ended -= 1
        return None


def _number(place: Place) -> int:
    return place.ticket.number
