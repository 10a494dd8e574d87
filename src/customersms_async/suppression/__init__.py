"""Where the numbers of people who said no are kept: one protocol, several stores."""

from __future__ import annotations

import importlib
import typing

from .entries import EntryKind, SuppressionEntry
from .memory import MemorySuppression
from .protocol import SuppressionStore

if typing.TYPE_CHECKING:
    from .postgres import PostgresSuppression
    from .sqlite import SQLiteSuppression

__all__ = [
    "EntryKind",
    "MemorySuppression",
    "PostgresSuppression",
    "SQLiteSuppression",
    "SuppressionEntry",
    "SuppressionStore",
]

_LATER: typing.Final = {"PostgresSuppression": ".postgres", "SQLiteSuppression": ".sqlite"}
"""Where the names are that are imported when first asked for, as few need them."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_LATER[name], __name__), name)
    return value
