"""What requests wait for, and the terms of a client, from which that follows."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from .._core.backoff import pause_us
from .._core.layers import Layer, layers
from ..models import Limit, Priority

if TYPE_CHECKING:
    from .._http.connections import Connections


class Needs(NamedTuple):
    """All that a request waits for: of two with equal needs, the first can go whenever the second can."""

    priority: Priority
    layers: tuple[Layer, ...]
    pace: Limit | None
    connections: Connections

    def have_pace_and_connection_whenever(self, other: Needs) -> bool:
        """Whether there is a turn and a connection for these needs whenever ``other`` have theirs, as things stand."""
        return (self.pace is None or self.pace == other.pace) and (
            self.connections is other.connections or self.connections.free(self.priority)
        )


class Terms(msgspec.Struct, frozen=True, eq=False):
    """One client's terms for all of its requests, made once: limits (as layers), pace and connections."""

    layers: tuple[Layer, ...]
    bulk_layers: tuple[Layer, ...]
    pace: Limit | None
    connections: Connections

    def pause_us(self, retry_after: float | None) -> int:
        """Microseconds that a 429 pauses the key: as told (seconds), at most the longest window; else the shortest."""
        windows = [layer.window_us for layer in self.layers]
        return pause_us(retry_after, min(windows), max(windows))

    @classmethod
    def of(cls, limits: tuple[Limit, ...], reserve: float, pace: Limit | None, connections: Connections) -> Terms:
        """The terms of a client with these options."""
        return cls(_layers(limits), _layers(limits, reserve), pace, connections)

    def needs(self, priority: Priority) -> Needs:
        """What a request of this priority waits for: BULK leaves the reserve to the others."""
        layers = self.bulk_layers if priority is Priority.BULK else self.layers
        return Needs(priority, layers, self.pace, self.connections)


_layers = functools.lru_cache(maxsize=256)(layers)  # shared by the thousands of clients that a process may have


def are_as_wide(layers: tuple[Layer, ...], others: tuple[Layer, ...]) -> bool:
    """Whether all ``layers`` have a token whenever all ``others`` have one."""
    return layers is others or all(
        any(other.requests <= layer.requests and other.window_us >= layer.window_us for other in others)
        for layer in layers
    )
