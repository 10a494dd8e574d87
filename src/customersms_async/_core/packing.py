"""Values in few bytes, for what rests in memory: as MessagePack, and not a byte more."""

from __future__ import annotations

from typing import Any, Final

import msgspec

_ENCODE: Final = msgspec.msgpack.Encoder().encode


def pack(value: Any) -> bytes:
    """The bytes of a value; a copy, as an encoder's own bytes keep the room that it had."""
    return bytes(memoryview(_ENCODE(value)))
