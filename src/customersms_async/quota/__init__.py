"""Where the tokens of a key are kept: one protocol, several stores."""

from __future__ import annotations

import importlib
import typing

from .memory import MemoryQuota
from .protocol import QuotaStore

if typing.TYPE_CHECKING:
    from .redis import RedisQuota
    from .sqlite import SQLiteQuota

__all__ = ["MemoryQuota", "QuotaStore", "RedisQuota", "SQLiteQuota"]

_LATER: typing.Final = {"RedisQuota": ".redis", "SQLiteQuota": ".sqlite"}
"""What is imported when first asked for, with where it is."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_LATER[name], __name__), name)
    return value
