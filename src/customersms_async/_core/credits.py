"""The credits that an account has left, learned from answers that may overtake each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from decimal import Decimal


@final
class Credits:
    """The latest known figure of one key's credits; the clients of the key share it.

    An answer replaces the figure if its request was sent after the answer that gave the figure had come; otherwise
    the lower of the two stays. Mutable state: the figure, and when its answer came.
    """

    __slots__ = ("__weakref__", "_known_at_us", "remaining")

    def __init__(self) -> None:
        self.remaining: Decimal | None = None
        self._known_at_us = 0

    def learn(self, figure: Decimal | None, sent_at_us: int, came_at_us: int) -> None:
        """Take in the figure of an answer (``None``: it gave none); both times are of one clock."""
        if figure is None:
            return
        if self.remaining is None or sent_at_us >= self._known_at_us or figure < self.remaining:
            self.remaining = figure
            self._known_at_us = came_at_us
