"""A quota store that other processes share, as far as a client can tell."""

from __future__ import annotations

from typing import Any

from customersms_async import MemoryQuota


class DistantQuota:
    """Asks a ``MemoryQuota``, ``near``; what derives from it does something else in single calls."""

    in_process = False

    def __init__(self) -> None:
        self.near = MemoryQuota()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.near, name)
