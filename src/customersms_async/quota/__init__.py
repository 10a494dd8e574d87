"""Where the tokens of a key are kept: one protocol, several stores, and what a store of your own needs."""

from __future__ import annotations

import importlib
import typing

from .._core.buckets import Buckets
from .._core.layers import Layer, Usage, Wait
from .memory import MemoryQuota
from .protocol import InProcessQuotaStore, QuotaStore

if typing.TYPE_CHECKING:
    from .redis import RedisQuota
    from .sqlite import SQLiteQuota

__all__ = [
    "Buckets",
    "InProcessQuotaStore",
    "Layer",
    "MemoryQuota",
    "QuotaStore",
    "RedisQuota",
    "SQLiteQuota",
    "Usage",
    "Wait",
]

_LATER: typing.Final = {"RedisQuota": ".redis", "SQLiteQuota": ".sqlite"}
"""Where the names are that are imported when first asked for, as few need them."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_LATER[name], __name__), name)
    return value
