"""Forecasts for those who wait in a room: how long it will take, at least."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, final

from .terms import are_as_wide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._core.layers import Layer
    from ..quota import QuotaStore
    from .lines import Group
    from .pacer import Pacer
    from .terms import Needs


_JUST_NOW_US: Final = 100_000
"""Microseconds by which a wait may be shorter by now than it was when it was found."""


@final
class Forecasts:
    """The least possible waits for the requests of one key, by quota and pace.

    "Least possible": as if everyone who holds tokens were answered now, nobody more urgent came, and of those ahead
    only those went who can go whenever the request can.
    """

    __slots__ = ("_forecast_now_us", "_key_id", "_pacer", "_store")

    def __init__(self, store: QuotaStore, key_id: str, pacer: Pacer) -> None:
        self._store = store
        self._key_id = key_id
        self._pacer = pacer
        self._forecast_now_us = getattr(store, "forecast_now_us", None) if store.in_process else None

    async def wait_us(self, ahead: Sequence[Group], needs: Needs, requests: int = 1) -> int:
        """The wait of the last of so many requests behind those who are ``ahead``, in microseconds."""
        ahead = _who_goes_first(ahead, needs)
        quota_us = await self._store.forecast_us(self._key_id, _line(ahead, needs, requests))
        return max(quota_us, self._pace_us(ahead, needs, requests))

    def wait_now_us(self, ahead: Sequence[Group], needs: Needs) -> int | None:
        """The wait of one request, if the store can tell at once; else None, and ``wait_us`` must be awaited."""
        if self._forecast_now_us is None:
            return None
        ahead = _who_goes_first(ahead, needs)
        quota_us: int = self._forecast_now_us(self._key_id, _line(ahead, needs, 1))
        return max(quota_us, self._pace_us(ahead, needs, 1))

    def is_by_pace(self, ahead: Sequence[Group], needs: Needs, wait_us: int) -> bool:
        """Whether a wait of one request, found just now, is as long as this because of the pace alone."""
        return wait_us > 0 and wait_us - _JUST_NOW_US <= self._pace_us(_who_goes_first(ahead, needs), needs, 1)

    def _pace_us(self, ahead: Sequence[Group], needs: Needs, requests: int) -> int:
        paced = sum(group.requests for group in ahead if group.needs.pace == needs.pace)
        return self._pacer.wait_us(needs.pace, paced + requests - 1)


def _who_goes_first(ahead: Sequence[Group], needs: Needs) -> list[Group]:
    """The part of the line ahead that is sure to go before the one with ``needs``, each before the next.

    The others lack something, or may: they do not hold it up until they have that, and are left out. A small limit
    of somebody ahead must not be waited for, and who waits for it may be passed by all who have wider ones.
    """
    first: list[Group] = []
    behind = {needs.layers}
    for _, equals in groupby(reversed(ahead), key=lambda group: group.needs.priority):
        able = [group for group in equals if group.needs.have_pace_and_connection_whenever(needs)]
        able = [group for group in able if group.needs.layers == needs.layers] or able
        others = behind | {group.needs.layers for group in able}
        sure = [group for group in able if all(are_as_wide(group.needs.layers, other) for other in others)]
        behind |= {group.needs.layers for group in sure}
        first += sure
    return first[::-1]


def _line(ahead: Sequence[Group], needs: Needs, requests: int) -> list[tuple[Sequence[Layer], int]]:
    """The line as ``QuotaStore.forecast_us`` takes it: those ahead, then the requests themselves."""
    return [*((group.needs.layers, group.requests) for group in ahead), (needs.layers, requests)]
