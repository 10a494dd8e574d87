"""Where the tokens of a key are kept: one protocol, several stores."""

from __future__ import annotations

from .memory import MemoryQuota
from .protocol import QuotaStore
from .redis import RedisQuota
from .sqlite import SQLiteQuota

__all__ = ["MemoryQuota", "QuotaStore", "RedisQuota", "SQLiteQuota"]
