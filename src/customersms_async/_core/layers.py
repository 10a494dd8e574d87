"""Limits as the buckets count them, and what the buckets say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..models import Limit

DRIFT_PPM: Final = 200
"""Windows are stretched by this much, for the drift between the gateway's clock and ours."""


class Layer(NamedTuple):
    """One limit as the buckets count it: at most ``requests`` within ``window_us`` microseconds.

    Example:
        ```python
        minute = Layer(100, 60_000_000)
        print(Buckets().take(0, [minute], 30_000_000))  # 1, the number of a request that holds a token of it
        ```
    """

    requests: int
    window_us: int


class Wait(NamedTuple):
    """No token now, and none for ``wait_us`` microseconds (above 0), unless a request is given back: ask again then.

    The least possible wait, as if every request held were answered now: a token is out for at least one window from its
    settling, whoever settles it and whenever, so asking again then is never late.

    Example:
        ```python
        buckets, second = Buckets(), [Layer(1, 1_000_000)]
        buckets.settle(0, buckets.take(0, second, 30_000_000))
        print(buckets.take(0, second, 30_000_000))  # Wait(wait_us=1000000)
        ```
    """

    wait_us: int


class Usage(NamedTuple):
    """One layer's state: tokens ``used``, and ``next_us`` microseconds until the next is back, 0 if none is used.

    Example:
        ```python
        buckets, minute = Buckets(), [Layer(100, 60_000_000)]
        buckets.take(0, minute, 30_000_000)
        print(buckets.usage(0, minute))  # (Usage(used=1, next_us=60000000),)
        ```
    """

    used: int
    next_us: int


def layers(limits: Sequence[Limit], reserve: float = 0.0) -> tuple[Layer, ...]:
    """The limits as layers, in their order, windows stretched; each leaves ``reserve`` (0 to 1) of its tokens.

    A layer keeps at least one token, so that a large reserve slows the bulk down but never stops it.
    """
    return tuple(
        Layer(
            max(1, limit.requests - int(limit.requests * reserve)),
            limit.window_us + -(-limit.window_us * DRIFT_PPM // 1_000_000),
        )
        for limit in limits
    )


def ask_no_more(some: Sequence[Layer], than: Sequence[Layer]) -> bool:
    """Whether there is a token of all of ``some`` whenever there is one of all of ``than``."""
    return all(any(n <= requests and w >= window_us for n, w in than) for requests, window_us in some)


def longest_us(line: Iterable[tuple[Sequence[Layer], int]]) -> int:
    """The longest window of a line of requests, 0 if it has none."""
    return max((window_us for layers, _ in line for _, window_us in layers), default=0)
