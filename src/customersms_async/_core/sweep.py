"""Letting go of what rests, a few at a time, whenever another of its kind is used: no timer runs for it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar, final

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@final
class IdleSweep(Generic[T]):
    """Items that may come to rest, in the order in which they are looked at.

    ``at_a_time`` of them are looked at in one sweep, so that none takes long. While most of those can be let go of the
    next sweep is due at once, else after a ``pause``, so that those in use cost next to nothing. Mutable state: these.
    """

    __slots__ = ("_at_a_time", "_items", "_pause")

    def __init__(self, at_a_time: int, pause: float) -> None:
        self._items: deque[T] = deque()
        self._at_a_time = at_a_time
        self._pause = pause

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: T) -> None:
        """Have ``item`` looked at from now on, until it is let go of."""
        self._items.append(item)

    def run(self, lets_go: Callable[[T], bool]) -> float:
        """Look at a few, and say how long it is until the next sweep; ``lets_go`` says whether one was let go of."""
        looked_at = min(self._at_a_time, len(self._items))
        return 0 if 2 * self.look(looked_at, lets_go) > looked_at else self._pause

    def look(self, count: int, lets_go: Callable[[T], bool]) -> int:
        """Look at so many, of at least as many, and give how many of them were let go of."""
        stay = []
        for _ in range(count):
            item = self._items.popleft()
            if not lets_go(item):
                stay.append(item)
        self._items.extend(stay)
        return count - len(stay)
