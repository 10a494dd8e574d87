"""Where the tokens of a key are kept: one protocol, several stores."""

from __future__ import annotations

from .memory import MemoryQuota
from .protocol import QuotaStore

__all__ = ["MemoryQuota", "QuotaStore"]
