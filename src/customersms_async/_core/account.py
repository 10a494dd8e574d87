"""An account as the gateway's answers tell of it: its credits, the last answer, what stayed unknown lately."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, final

import msgspec

from .packing import pack
from .unknown_texts import UnknownTexts


@final
class Account:
    """All that this process has learned of one key at one gateway; the clients that send there with it share it.

    ``url`` is where the gateway is, ``None`` while nobody knows that, or the key. All times are of one clock.

    Takes no lock: of what two threads write at the same moment, or one writes while another lets it rest, one may be
    lost. Mutable state: what was learned, once anything was, or that in few bytes while the account rests.
    """

    __slots__ = ("__weakref__", "_learned", "url")

    def __init__(self, url: str | None = None) -> None:
        self.url: str | None = url
        self._learned: Learned | bytes | None = None

    @property
    def remaining(self) -> Decimal | None:
        """The latest known figure of its credits, learned from answers that may overtake each other."""
        return self._look().remaining

    @property
    def answered_at_us(self) -> int | None:
        """When an HTTP answer came last, whoever gave it; ``None`` before there was one."""
        return self._look().answered_at_us

    @property
    def status_code(self) -> int | None:
        """The status of the HTTP answer that came last; ``None`` before there was one."""
        return self._look().status_code

    def learn(self, figure: Decimal | None, sent_at_us: int, came_at_us: int) -> None:
        """Take in the credits that an answer tells of (``None``: it told of none).

        An answer replaces the figure if its request was sent after the answer that gave the figure had come; otherwise
        the lower of the two stays.
        """
        if figure is None:
            return
        learned = self._learned
        if type(learned) is not Learned:
            learned = self._wake()
        if learned.remaining is None or sent_at_us >= learned.known_at_us or figure < learned.remaining:
            learned.remaining = figure
            learned.known_at_us = came_at_us

    def answered(self, status_code: int, came_at_us: int) -> None:
        """Note an HTTP answer."""
        learned = self._learned
        if type(learned) is not Learned:  # which is faster than to ask it
            learned = self._wake()
        learned.status_code = status_code
        learned.answered_at_us = came_at_us

    def count_unknown(self, texts: int, now_us: int) -> None:
        """Note so many texts that may have been sent, and of which nobody knows more."""
        learned = self._wake()
        if learned.unknown is None:
            learned.unknown = UnknownTexts()
        learned.unknown.add(texts, now_us)

    def unknown_last_hour(self, now_us: int) -> int:
        """How many texts have become unknown within the last hour."""
        unknown = self._look().unknown
        return 0 if unknown is None else unknown.within_hour(now_us)

    def rest(self, now_us: int) -> None:
        """Keep what was learned in fewer bytes until more is, unless texts have become unknown within the last hour."""
        learned = self._learned
        if isinstance(learned, Learned) and not self.unknown_last_hour(now_us):
            self._learned = learned.packed()

    def _wake(self) -> Learned:
        """What was learned, to be added to."""
        learned = self._learned = self._look()
        return learned

    def _look(self) -> Learned:
        """What was learned, to be read."""
        learned = self._learned
        if learned is None:
            return Learned()
        return Learned.unpacked(learned) if isinstance(learned, bytes) else learned


@final
class Learned:
    """What answers have told of an account: all that ``Account`` tells of, and when the one came that gave the figure.

    Mutable state: these; and the texts of unknown fate, once there were any.
    """

    __slots__ = ("answered_at_us", "known_at_us", "remaining", "status_code", "unknown")

    def __init__(self) -> None:
        self.remaining: Decimal | None = None
        self.known_at_us = 0
        self.answered_at_us: int | None = None
        self.status_code: int | None = None
        self.unknown: UnknownTexts | None = None

    def packed(self) -> bytes:
        """All of this but the texts of unknown fate, in a third of the memory."""
        return pack((self.remaining, self.known_at_us, self.answered_at_us, self.status_code))

    @classmethod
    def unpacked(cls, packed: bytes) -> Learned:
        """What was packed."""
        learned = cls()
        learned.remaining, learned.known_at_us, learned.answered_at_us, learned.status_code = _UNPACK(packed)
        return learned


_UNPACK: Final = msgspec.msgpack.Decoder(tuple[Decimal | None, int, int | None, int | None]).decode
