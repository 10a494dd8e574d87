"""When a send will be done, by the quota and not by the average so far."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, final

from .._core.layers import layers
from .._core.secret import Secret
from .._sending.estimate import seconds_until_last
from .quota import MEMORY, open_quota

if TYPE_CHECKING:
    from ..quota import QuotaStore
    from .settings import Settings


async def forecast(settings: Settings, requests: int) -> float:
    """Seconds until the last of ``requests`` may leave; without a key, as if nothing of the quota were used."""
    async with open_quota(settings.quota_at if settings.key else MEMORY) as quota:
        return await Forecast(quota, settings, settings.key).seconds(requests)


@final
class Forecast:
    """What the quota says of a key's requests; without a key, of the requests of nobody.

    Mutable state: the latest answer with its time, as a long line takes a while to count.
    """

    def __init__(self, quota: QuotaStore, settings: Settings, api_key: str | None) -> None:
        options = settings.options()
        self._quota = quota
        self._key_id = Secret(api_key).key_id if api_key else ""
        self._layers = layers(options.limits, options.reserve)
        self._pace = options.gentle_pace
        self._seconds = 0.0
        self._at = -1e9

    async def seconds(self, requests: int) -> float:
        """Until the last of ``requests`` may leave."""
        return await seconds_until_last(self._wait_us, requests, self._layers, self._pace)

    async def rough_seconds(self, requests: int) -> float:
        """The same, less exactly and from memory where that is recent enough, for a screen that asks all the time."""
        now = time.monotonic()
        if now - self._at > requests / 10_000:
            self._seconds = await seconds_until_last(self._wait_us, requests, self._layers, self._pace, looks=4)
            self._at = now
        return max(0.0, self._seconds - (now - self._at))

    async def _wait_us(self, requests: int) -> int:
        return await self._quota.forecast_us(self._key_id, [(self._layers, requests)])
