"""The texts that came to a sandbox, those that it refused among them: what its inbox shows."""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final, final

import msgspec

from .._core import segments

if TYPE_CHECKING:
    from collections.abc import Iterable

KEPT: Final = 100_000
"""The newest arrivals are kept, so many: a sandbox that a broken program goes on asking doesn't fill the memory."""

_SHORTEST_HIDDEN: Final = 6
"""Characters of a key that is taken out of what is shown; a shorter one would tear holes into ordinary words."""

count_segments: Final = lru_cache(1_000)(segments.count)
"""The segments of a text, remembered: a text for many is counted once."""


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """One text for one number, and what the sandbox did with it.

    ``number`` counts all that came, from 1. ``code`` says why it was refused, where a code does; ``message_id`` is that
    of an accepted one. ``status`` is the HTTP status of the answer,
    ``None`` where the connection was cut before it; ``fault`` the name of what spoiled it. ``at_us`` is
    when the request was judged, in microseconds since 1970. No field holds the API key.
    """

    number: int
    phone: str
    message: str
    accepted: bool
    code: str | None
    message_id: str | None
    status: int | None
    fault: str | None
    key_id: str
    at_us: int


@final
class Arrivals:
    """The newest ``KEPT`` arrivals, in the order in which they came. Mutable: those, and how many came in all."""

    def __init__(self) -> None:
        self._kept: deque[Arrival] = deque(maxlen=KEPT)
        self.total: int = 0

    def add(self, arrivals: Iterable[Arrival]) -> None:
        """Keep further ones, whose numbers go on from ``total``."""
        for arrival in arrivals:
            self._kept.append(arrival)
            self.total = arrival.number

    def after(self, number: int, most: int | None = None) -> list[Arrival]:
        """The arrivals above ``number``, oldest first, at most ``most``; costs what it gives, wherever they stand."""
        new = min(self.total - number, len(self._kept))
        if new <= 0:
            return []
        newest = list(islice(reversed(self._kept), new))
        newest.reverse()
        return newest if most is None else newest[:most]


def without_keys(text: str, keys: Iterable[str]) -> str:
    """``text`` without any of ``keys``, should somebody have put one where a number or a message belongs."""
    for key in keys:
        if len(key) >= _SHORTEST_HIDDEN and key in text:
            text = text.replace(key, "[API key]")
    return text
