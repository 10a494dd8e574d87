"""Promise 1 as a count over a plain list, and the adversary who places every arrival. Slow and plain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from customersms_async._core.layers import Layer


@dataclass(eq=False)
class Token:
    """One request's share of every limit, out from its grant until a window after ``end_us`` (its lapse, at first)."""

    end_us: int


class Oracle:
    """What the limits demand of one key, all times on the store's own clock."""

    def __init__(self) -> None:
        self.paused_until_us = 0
        self._tokens: list[Token] = []

    def grant(self, now_us: int, hold_us: int) -> Token:
        token = Token(now_us + hold_us)
        self._tokens.append(token)
        return token

    def settle(self, now_us: int, token: Token) -> None:
        token.end_us = min(token.end_us, now_us)

    def give_back(self, now_us: int, token: Token) -> None:
        if now_us < token.end_us:
            self._tokens.remove(token)

    def pause(self, now_us: int, pause_us: int) -> None:
        self.paused_until_us = max(self.paused_until_us, now_us + pause_us)

    def used(self, now_us: int, layer: Layer) -> int:
        return sum(now_us < token.end_us + layer.window_us for token in self._tokens)

    def next_us(self, now_us: int, layer: Layer) -> int:
        back_us = [min(token.end_us, now_us) + layer.window_us - now_us for token in self._tokens]
        return min((wait_us for wait_us in back_us if wait_us > 0), default=0)

    def admits(self, now_us: int, layers: Sequence[Layer]) -> bool:
        return now_us >= self.paused_until_us and all(self.used(now_us, layer) < layer.requests for layer in layers)

    def least_wait_us(self, now_us: int, layers: Sequence[Layer]) -> int:
        """As if every request held were answered now: nothing can make it shorter but a request given back."""
        answered = Oracle()
        answered.paused_until_us = self.paused_until_us
        answered._tokens = [Token(min(token.end_us, now_us)) for token in self._tokens]
        moments = {token.end_us + layer.window_us for token in answered._tokens for layer in layers}
        moments |= {now_us, self.paused_until_us}
        return next(t for t in sorted(moments) if t >= now_us and answered.admits(t, layers)) - now_us

    def least_wait_of_last_us(self, now_us: int, line: Sequence[Sequence[Layer]]) -> int:
        """The same for the last of a line, when everyone in it is answered as soon as it is let in."""
        answered = Oracle()
        answered.paused_until_us = self.paused_until_us
        answered._tokens = [Token(min(token.end_us, now_us)) for token in self._tokens]
        at_us = now_us
        for layers in line:
            at_us += answered.least_wait_us(at_us, layers)
            answered.grant(at_us, 0)
        return at_us - now_us

    def moments_us(self, now_us: int, layers: Iterable[Layer]) -> set[int]:
        """When, from now on, a token may come back or a pause end."""
        back_us = {token.end_us + window_us for token in self._tokens for _, window_us in layers}
        return {at_us for at_us in (*back_us, self.paused_until_us) if at_us > now_us}


@dataclass(eq=False)
class Sent:
    """A request as the gateway may see it: it arrives at any one moment from ``first_us`` to ``last_us``."""

    first_us: int
    last_us: int
    layers: Sequence[Layer]


def over_a_limit(requests: Sequence[Sent]) -> list[tuple[Sent, Layer]]:
    """Requests, in the order of their grants, that share some window with too many granted before them.

    Each is judged by its own layers; where all requests have a layer in common, none here means that no window sees
    more of them than that layer allows: the latest grant of a window that did would be here.
    """
    return [
        (request, layer)
        for number, request in enumerate(requests)
        for layer in request.layers
        if _most_with(requests[:number], request, layer.window_us) > layer.requests
    ]


def _most_with(earlier: Iterable[Sent], request: Sent, window_us: int) -> int:
    """The most that a window which sees ``request`` sees of it and of the ``earlier`` ones.

    The fullest window can be moved until it starts with some request's last moment. For each such start all requests
    are placed as near to it as they can be, and those in the window are counted.
    """
    before_us = request.first_us - window_us
    near = [r for r in earlier if r.last_us > before_us and r.first_us < request.last_us + window_us]
    near.append(request)
    most = 1
    for start_us in {r.last_us for r in near if before_us < r.last_us <= request.last_us}:
        arrivals = [min(max(r.first_us, start_us), r.last_us) for r in near]
        most = max(most, sum(start_us <= at_us < start_us + window_us for at_us in arrivals))
    return most
