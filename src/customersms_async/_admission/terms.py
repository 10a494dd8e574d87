"""What one client asks of the waiting room."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import msgspec

from .._core.buckets import Layer, layers
from ..models import Limit, Priority

if TYPE_CHECKING:
    from .._http.connections import Connections


class Terms(msgspec.Struct, frozen=True, eq=False):
    """What one client asks of the room, made once: its limits as layers, for BULK and for others, and its pace."""

    layers: tuple[Layer, ...]
    bulk_layers: tuple[Layer, ...]
    pace: Limit | None
    connections: Connections

    @classmethod
    def of(cls, limits: tuple[Limit, ...], reserve: float, pace: Limit | None, connections: Connections) -> Terms:
        """The terms of a client with these options."""
        return cls(_layers(limits), _layers(limits, reserve), pace, connections)

    def layers_for(self, priority: Priority) -> tuple[Layer, ...]:
        """The layers that judge a request: BULK leaves the reserve to the others."""
        return self.bulk_layers if priority is Priority.BULK else self.layers


_layers = functools.lru_cache(maxsize=256)(layers)  # shared by the thousands of clients that a process may have
