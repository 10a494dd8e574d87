"""Who stands where in a waiting room: a line for all who need the same."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple, final

if TYPE_CHECKING:
    from .._http.connections import Connections
    from .place import Place
    from .terms import Needs


class Group(NamedTuple):
    """Waiters with equal needs, counted."""

    needs: Needs
    requests: int


@final
class Lines:
    """All who wait in one room.

    Mutable state: a line for all who need the same; how many wait; since when each of them stands, in the order in
    which they came. A request that is tried again comes back to its old place in line, and stands anew.
    """

    __slots__ = ("_lines", "_since_us", "waiting")

    def __init__(self) -> None:
        self.waiting = 0
        self._lines = _NOBODY
        self._since_us = _NEVER

    @property
    def oldest_since_us(self) -> int | None:
        """Since when the one who stands longest does; ``None`` if nobody waits. A line says who is first, not this."""
        return next(iter(self._since_us.values()), None)

    def enter(self, place: Place, now_us: int) -> None:
        """Have ``place`` stand where its ticket says, from now on."""
        line = self._lines.get(place.needs)
        if line is None:
            if not self._lines:
                self._lines = {}  # this room's own
            line = self._lines[place.needs] = Line(place.needs)
        line.enter(place)
        if not self._since_us:
            self._since_us = {}  # as above
        self._since_us[place] = now_us
        self.waiting += 1
        line.needs.connections.wait_begins()
        place.stand(line)

    def leave(self, place: Place, line: Line) -> None:
        """Count out one that has ended, and that stood in ``line``; the line is gone with the last of it."""
        line.leave()
        del self._since_us[place]
        if not self._since_us:
            self._since_us = _NEVER  # a dict keeps the room that a hundred thousand took
        self.waiting -= 1
        connections = line.needs.connections
        connections.wait_ends()
        if not line.waiting:
            del self._lines[line.needs]
            connections.decline()  # one may have been offered to it

    def heads(self) -> list[Place]:
        """The first of each line."""
        return [head for line in self._lines.values() if (head := line.head()) is not None]

    def want(self, connections: Connections) -> bool:
        """Whether somebody waits for one of these ``connections``."""
        return any(line.waiting and needs.connections is connections for needs, line in self._lines.items())

    def first(self) -> Place | None:
        """The first of all who wait, whatever they need."""
        found: Place | None = None
        for head in self.heads():
            if found is None or head.ticket.comes_before(found.ticket):
                found = head
        return found

    def groups(self, last: int) -> list[Group]:
        """Who waits, the more urgent first, down to the priority ``last``."""
        found = [Group(needs, line.waiting) for needs, line in self._lines.items() if needs.priority <= last]
        return sorted((group for group in found if group.requests), key=attrgetter("needs.priority"))

    def ahead_of(self, place: Place) -> list[Group]:
        """Who comes before ``place`` if it stood behind all of its priority; before them if it was let in before."""
        groups = self.groups(place.ticket.priority - place.ticket.retried)
        if place.line is None:
            return groups
        return [group._replace(requests=group.requests - (group.needs == place.needs)) for group in groups]


@final
class Line:
    """Places with equal needs in the order of their tickets.

    One that has ended stays until it comes to the head, or until half of them have ended. Entering is O(1) for a
    newcomer, and O(n) in a fast copy for one that comes back to its old place.
    """

    __slots__ = ("_ended", "_places", "needs")

    def __init__(self, needs: Needs) -> None:
        self.needs: Needs = needs
        self._places: deque[Place] = deque()
        self._ended = 0

    @property
    def waiting(self) -> int:
        """How many wait here."""
        return len(self._places) - self._ended

    def enter(self, place: Place) -> None:
        """Have ``place`` stand where its ticket's number says."""
        places, number = self._places, place.ticket.number
        if not places or places[-1].ticket.number < number:
            places.append(place)
        else:
            places.insert(bisect_left(places, number, key=_number), place)

    def leave(self) -> None:
        """Count out one that has ended, wherever it stands."""
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


_NOBODY: Final[dict[Needs, Line]] = {}
_NEVER: Final[dict[Place, int]] = {}
"""Where nobody waits, as in most of 10,000 rooms; never changed."""
