"""Where idempotency keys are kept: one protocol, several stores, and what a store of your own needs."""

from __future__ import annotations

import importlib
import typing

from .._core.idempotency_hashes import KeyHashes
from .._core.idempotency_record import Claim, KeyRecord, KeySeen
from .._core.idempotency_states import KeyEvent, KeyState
from .decisions import IdempotencyKeys, ShownKey, UnknownClaim
from .memory import MemoryIdempotency
from .protocol import ClaimEnd, IdempotencyStore, UnknownKey

if typing.TYPE_CHECKING:
    from .postgres import PostgresIdempotency
    from .redis import RedisIdempotency
    from .sqlite import SQLiteIdempotency

__all__ = [
    "Claim",
    "ClaimEnd",
    "IdempotencyKeys",
    "IdempotencyStore",
    "KeyEvent",
    "KeyHashes",
    "KeyRecord",
    "KeySeen",
    "KeyState",
    "MemoryIdempotency",
    "PostgresIdempotency",
    "RedisIdempotency",
    "SQLiteIdempotency",
    "ShownKey",
    "UnknownClaim",
    "UnknownKey",
]

_LATER: typing.Final = {
    "PostgresIdempotency": ".postgres",
    "RedisIdempotency": ".redis",
    "SQLiteIdempotency": ".sqlite",
}
"""Where the names are that are imported when first asked for, as few need them."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_LATER[name], __name__), name)
    return value
