"""Where the tokens of a key are kept: one protocol, several stores, and what a store of your own needs."""

from __future__ import annotations

import importlib
import typing

from .._core.buckets import Buckets
from .._core.layers import Layer, Usage, Wait
from .memory import MemoryQuota
from .protocol import CapStore, InProcessQuotaStore, QuotaStore

if typing.TYPE_CHECKING:
    from .._core.caps import CapHit, CappedText, CapScope, hits
    from .postgres import PostgresQuota
    from .redis import RedisQuota
    from .sqlite import SQLiteQuota

__all__ = [
    "Buckets",
    "CapHit",
    "CapScope",
    "CapStore",
    "CappedText",
    "InProcessQuotaStore",
    "Layer",
    "MemoryQuota",
    "PostgresQuota",
    "QuotaStore",
    "RedisQuota",
    "SQLiteQuota",
    "Usage",
    "Wait",
    "hits",
]

_LATER: typing.Final = {
    "PostgresQuota": ".postgres",
    "RedisQuota": ".redis",
    "SQLiteQuota": ".sqlite",
    **dict.fromkeys(("CapHit", "CapScope", "CappedText", "hits"), ".._core.caps"),
}
"""Where the names are that are imported when first asked for, as few need them."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_LATER[name], __name__), name)
    return value
