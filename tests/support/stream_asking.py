"""Ways of asking a stream for its outcomes that nobody would choose, and that event loops bring about."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from customersms_async import Outcome
    from customersms_async._sending.stream import OutcomeStream


async def three_asked_for(stream: OutcomeStream) -> list[Outcome]:
    """The first outcome, asked for before a cancelled call has come to its end, and then two at once."""
    cancelled = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    cancelled.cancel()
    async with asyncio.timeout(10):
        outcomes = [await anext(stream), *await asyncio.gather(anext(stream), anext(stream))]
    assert cancelled.cancelled()
    return outcomes
