"""An account as the gateway's answers tell of it: its credits, the last answer, what stayed unknown lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from .unknown_texts import UnknownTexts

if TYPE_CHECKING:
    from decimal import Decimal


@final
class Account:
    """All that this process has learned of one key at one gateway; the clients that send there with it share it.

    ``remaining`` is the latest known figure of its credits, learned from answers that may overtake each other. An
    answer replaces the figure if its request was sent after the answer that gave the figure had come; otherwise the
    lower of the two stays. ``answered_at_us`` is when an HTTP answer came last, whoever gave it, and
    ``status_code`` its status; both are ``None`` before there was one. All times are of one clock.

    Mutable state: these; when the answer came that gave the figure; and the texts of unknown fate, once there were any.
    """

    __slots__ = ("__weakref__", "_known_at_us", "_unknown", "answered_at_us", "remaining", "status_code")

    def __init__(self) -> None:
        self.remaining: Decimal | None = None
        self.answered_at_us: int | None = None
        self.status_code: int | None = None
        self._known_at_us = 0
        self._unknown: UnknownTexts | None = None  # most of 10,000 idle keys never have one

    def learn(self, figure: Decimal | None, sent_at_us: int, came_at_us: int) -> None:
        """Take in the credits that an answer tells of (``None``: it told of none)."""
        if figure is None:
            return
        if self.remaining is None or sent_at_us >= self._known_at_us or figure < self.remaining:
            self.remaining = figure
            self._known_at_us = came_at_us

    def answered(self, status_code: int, came_at_us: int) -> None:
        """Note an HTTP answer."""
        self.status_code = status_code
        self.answered_at_us = came_at_us

    def count_unknown(self, texts: int, now_us: int) -> None:
        """Note so many texts that may have been sent, and of which nobody knows more."""
        if self._unknown is None:
            self._unknown = UnknownTexts()
        self._unknown.add(texts, now_us)

    def unknown_last_hour(self, now_us: int) -> int:
        """How many texts have become unknown within the last hour."""
        return 0 if self._unknown is None else self._unknown.within_hour(now_us)
