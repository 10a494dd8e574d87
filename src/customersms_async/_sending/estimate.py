"""The estimate of a job: its figures, counted without sending anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, final

from .._core import segments
from .._core.layers import layers
from .._core.options import DEFAULT_RESERVE
from .._core.secret import Secret
from ..models import Code, Estimate, Outcome, Priority
from .input_reader import YIELD_EVERY, Recipients

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from .._core.batching import Batch
    from .._core.layers import Layer
    from .._core.options import Options
    from ..models import Limit
    from ..quota import QuotaStore
    from .send_options import SendOptions
    from .session import Session


@final
class Tally:
    """The figures of a job so far; ``requests`` is how many the whole job takes."""

    def __init__(self) -> None:
        self.requests = 0
        self._recipients = 0
        self._duplicates = 0
        self._invalid = 0
        self._segments = 0

    @classmethod
    async def of(cls, recipients: Recipients, message: str | None, order: SendOptions) -> Tally:
        """Read and count all of ``recipients``."""
        tally, intake = cls(), order.intake(message)
        async for item in _each(recipients):
            taken = intake.take(item)
            if isinstance(taken, Outcome):
                tally._refuse(taken)
            else:
                tally._add(taken)
        tally._add(intake.flush())
        return tally

    def estimate(self, seconds: float) -> Estimate:
        """The figures as a value, for a job whose last request may leave after ``seconds``."""
        return Estimate(self._recipients, self._duplicates, self._invalid, self.requests, self._segments, seconds)

    def _refuse(self, outcome: Outcome) -> None:
        self._duplicates += outcome.code == Code.DUPLICATE
        self._invalid += outcome.code != Code.DUPLICATE

    def _add(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            self.requests += 1
            self._recipients += len(batch)
            self._segments += len(batch) * segments.count(batch.message).segments


async def estimate(session: Session, recipients: Recipients, message: str | None, options: SendOptions) -> Estimate:
    """The estimate of a bulk send by this client, if it started now; reads all of ``recipients``."""
    tally = await Tally.of(recipients, message, options)
    sender = session.open()
    terms, wait_us = sender.terms, partial(sender.room.forecast_us, Priority.BULK, sender.terms)
    return tally.estimate(await seconds_until_last(wait_us, tally.requests, terms.bulk_layers, terms.pace))


async def seconds_until_last(
    wait_us: Callable[[int], Awaitable[int]],
    requests: int,
    layers: Sequence[Layer],
    pace: Limit | None,
    *,
    looks: int = 100,
) -> float:
    """When the last of ``requests`` may leave; ``wait_us(k)`` is when the quota lets the k-th go.

    The pace spreads what the quota lets through at once, and from some request on it holds the last one back the most:
    from the first, or from one of those that share a window with the last under a limit that is slower than the pace
    (before them the quota gains more than the pace). Some ``looks`` of those are looked at; right to one turn.
    """
    last_us = await wait_us(requests)
    if pace is not None:
        turn_us = pace.seconds / pace.requests * 1e6
        last_us = max(last_us, round((requests - pace.requests) * turn_us))
        near = min((n for n, window_us in layers if n * turn_us <= window_us), default=requests)
        window = range(max(1, requests - near), requests)
        for k in {1, *window[:: max(1, len(window) // looks)]}:
            behind = max(0, requests - k - pace.requests)  # besides a burst, the turn in hand goes at once
            last_us = max(last_us, await wait_us(k) + round(behind * turn_us))
    return last_us / 1e6


def bulk_wait(store: QuotaStore, key_id: str, bulk_layers: Sequence[Layer]) -> Callable[[int], Awaitable[int]]:
    """The function that gives in how many microseconds ``store`` lets the k-th request of a bulk send go, from 1."""
    return lambda line: store.forecast_us(key_id, [(bulk_layers, line)])


async def seconds_by_store(
    store: QuotaStore, api_key: str | None, options: Options, requests: int, *, looks: int = 100
) -> float:
    """``seconds_until_last`` of a bulk send that nobody has begun, by what ``store`` knows of the key.

    Without a key it is reckoned as if nothing of the quota were used.
    """
    key_id = Secret(api_key).key_id if api_key else ""
    bulk_layers = layers(options.limits, options.reserve)
    wait_us = bulk_wait(store, key_id, bulk_layers)
    return await seconds_until_last(wait_us, requests, bulk_layers, options.gentle_pace, looks=looks)


class KeyForecast(NamedTuple):
    """What a quota's store says of a key: seconds until the next request, until the last of a line, and of a pause."""

    next: float
    last: float
    paused: float


async def forecast_of_key(
    store: QuotaStore, key_id: str, limits: Sequence[Limit], pace: Limit | None, requests: int
) -> KeyForecast:
    """What ``store`` says of the key with this fingerprint and of ``requests`` that would go out in bulk."""
    bulk_layers = layers(limits, DEFAULT_RESERVE)
    wait_us = bulk_wait(store, key_id, bulk_layers)
    _, paused_us = await store.usage(key_id, bulk_layers)
    last = await seconds_until_last(wait_us, requests, bulk_layers, pace, looks=20) if requests else 0.0
    return KeyForecast(await wait_us(1) / 1e6, last, paused_us / 1e6)


async def _each(recipients: Recipients) -> AsyncIterator[object]:
    if isinstance(recipients, AsyncIterable):
        async for item in recipients:
            yield item
    else:
        for number, item in enumerate(recipients):
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)
            yield item
