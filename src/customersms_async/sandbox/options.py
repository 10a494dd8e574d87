"""A sandbox's options, checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models import Limit


class GatewayOptions(msgspec.Struct, frozen=True):
    """The rules of one gateway.

    ``limits`` hold for each key. ``max_numbers`` may stand in one request; ``None`` allows any. ``error_status``
    replaces 400, 401 and 402 if it is given.
    """

    limits: tuple[Limit, ...]
    max_numbers: int | None = None
    error_status: int | None = None


class ServerTiming(msgspec.Struct, frozen=True):
    """The server's pace, in seconds: ``latency`` of a request, from and to; idle connections last ``keep_alive``."""

    latency: tuple[float, float]
    keep_alive: float


def credits_of(keys: Mapping[str, int | Decimal]) -> dict[str, Decimal]:
    """The keys with their credits as exact numbers; raises ``ConfigurationError`` for what isn't one."""
    for amount in keys.values():
        if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
            raise ConfigurationError(f"credits are an int or a Decimal, not {amount!r}")
    return {key: Decimal(amount) for key, amount in keys.items()}


def seconds_range(name: str, given: float | Sequence[float]) -> tuple[float, float]:
    """A length of time as (low, high) in seconds; raises ``ConfigurationError`` unless 0 <= low <= high."""
    bounds = tuple(given) if isinstance(given, Sequence) else (given, given)
    good = len(bounds) == 2 and all(isinstance(one, int | float) and math.isfinite(one) for one in bounds)
    if not (good and 0 <= bounds[0] <= bounds[1]):
        raise ConfigurationError(f"{name} is seconds, or (low, high), 0 or more, not {given!r}")
    return float(bounds[0]), float(bounds[1])
