"""Forecasts for those who wait in a room: how long it will take, at least."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._core.layers import Layer
    from ..models import Priority
    from ..quota import QuotaStore
    from .lines import Group
    from .pacer import Pacer
    from .ticket import Terms


@final
class Forecasts:
    """The least possible waits for the requests of one key, by quota and pace.

    "Least possible": as if everyone who holds tokens were answered now, and nobody more urgent came.
    """

    __slots__ = ("_forecast_now_us", "_key_id", "_pacer", "_store")

    def __init__(self, store: QuotaStore, key_id: str, pacer: Pacer) -> None:
        self._store = store
        self._key_id = key_id
        self._pacer = pacer
        self._forecast_now_us = getattr(store, "forecast_now_us", None) if store.in_process else None

    async def wait_us(self, ahead: Sequence[Group], priority: Priority, terms: Terms, requests: int = 1) -> int:
        """The wait of the last of so many requests behind those who are ``ahead``, in microseconds."""
        quota_us = await self._store.forecast_us(self._key_id, _line(ahead, priority, terms, requests))
        return max(quota_us, self._pace_us(ahead, terms, requests))

    def wait_now_us(self, ahead: Sequence[Group], priority: Priority, terms: Terms) -> int | None:
        """The wait of one request, if the store can tell at once; else None, and ``wait_us`` must be awaited."""
        if self._forecast_now_us is None:
            return None
        quota_us: int = self._forecast_now_us(self._key_id, _line(ahead, priority, terms, 1))
        return max(quota_us, self._pace_us(ahead, terms, 1))

    def _pace_us(self, ahead: Sequence[Group], terms: Terms, requests: int) -> int:
        paced = sum(group.requests for group in ahead if group.terms.pace == terms.pace)
        return self._pacer.wait_us(terms.pace, paced + requests - 1)


def _line(ahead: Sequence[Group], priority: Priority, terms: Terms, requests: int) -> list[tuple[Sequence[Layer], int]]:
    """The line as ``QuotaStore.forecast_us`` takes it: those ahead, then the requests themselves."""
    line = [(group.terms.layers_for(group.priority), group.requests) for group in ahead]
    return [*line, (terms.layers_for(priority), requests)]
