"""What a job would come to, counted without sending it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, final

from . import segments
from .models import Code, Estimate, Limit, Outcome
from .run import YIELD_EVERY, Order, Recipients

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from .batching import Batch


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
    async def of(cls, recipients: Recipients, message: str | None, order: Order) -> Tally:
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
        """The same as a value, for a job whose last request may leave after ``seconds``."""
        return Estimate(self._recipients, self._duplicates, self._invalid, self.requests, self._segments, seconds)

    def _refuse(self, outcome: Outcome) -> None:
        self._duplicates += outcome.code == Code.DUPLICATE
        self._invalid += outcome.code != Code.DUPLICATE

    def _add(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            self.requests += 1
            self._recipients += len(batch)
            self._segments += len(batch) * segments.count(batch.message).segments


def seconds_until_last(wait_us: int, pace: Limit | None, requests: int) -> float:
    """When the last of ``requests`` may leave: by the quota after ``wait_us``, and by the pace.

    The pace lets a burst of its size go first, then one after the other.
    """
    paced = 0.0 if pace is None else max(0, requests - pace.requests) * pace.seconds / pace.requests
    return max(wait_us / 1e6, paced)


async def _each(recipients: Recipients) -> AsyncIterator[object]:
    if isinstance(recipients, AsyncIterable):
        async for item in recipients:
            yield item
    else:
        for number, item in enumerate(recipients):
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)
            yield item
