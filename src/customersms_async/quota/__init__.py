"""Where the tokens of a key are kept: one protocol, several stores."""

from __future__ import annotations

from .memory import MemoryQuota
from .protocol import Grant, QuotaStore

__all__ = ["Grant", "MemoryQuota", "QuotaStore"]
