"""The time that a send will take, by the quota and not by the average so far."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, final

from .._sending.estimate import seconds_by_store
from .options import MEMORY
from .quota import open_quota

if TYPE_CHECKING:
    from ..quota import QuotaStore
    from .options import ClientOptions


async def forecast(client: ClientOptions, requests: int) -> float:
    """Seconds until the last of ``requests`` may leave; without a key, as if nothing of the quota were used."""
    async with open_quota(client.quota_at if client.key else MEMORY, looking=True) as quota:
        return await SendForecast(quota, client, client.key).seconds(requests)


@final
class SendForecast:
    """How long a send will take, by what the quota says of the key; without a key, as if nothing of it were used.

    Mutable state: the latest answer with its time, as a long line takes a while to count.
    """

    def __init__(self, quota: QuotaStore, client: ClientOptions, api_key: str | None) -> None:
        self._quota = quota
        self._options = client.options()
        self._api_key = api_key
        self._seconds = 0.0
        self._at = -1e9

    async def seconds(self, requests: int, *, looks: int = 100) -> float:
        """Seconds until the last of ``requests`` may leave; with fewer ``looks`` at the quota it is less exact."""
        return await seconds_by_store(self._quota, self._api_key, self._options, requests, looks=looks)

    async def rough_seconds(self, requests: int) -> float:
        """``seconds`` for a screen that asks all the time: less exact, and from memory while that is recent enough."""
        now = time.monotonic()
        if now - self._at > requests / 10_000:
            self._seconds = await self.seconds(requests, looks=4)
            self._at = now
        return max(0.0, self._seconds - (now - self._at))
