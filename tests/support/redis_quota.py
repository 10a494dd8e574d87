"""What the tests of ``RedisQuota`` on a real server take, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customersms_async._core.layers import Layer

if TYPE_CHECKING:
    from customersms_async.quota import RedisQuota

SECOND = 1_000_000
HOUR = (Layer(100, 3_600 * SECOND),)
HOLD_US = 35 * SECOND


async def taken(store: RedisQuota, layers: tuple[Layer, ...] = HOUR, hold_us: int = HOLD_US, key: str = "key") -> int:
    """The request that was granted."""
    granted = await store.take(key, layers, hold_us)
    assert isinstance(granted, int), granted
    return granted
