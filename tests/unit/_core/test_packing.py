"""Values in few bytes."""

from __future__ import annotations

import sys
from decimal import Decimal

import msgspec

from customersms_async._core.packing import pack


def test_what_is_packed_comes_back_and_takes_no_room_that_it_does_not_need() -> None:
    packed = pack((Decimal("7.50"), 1, None))
    assert msgspec.msgpack.decode(packed) == ["7.50", 1, None]
    assert sys.getsizeof(packed) == sys.getsizeof(b"") + len(packed)
