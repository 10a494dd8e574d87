"""What a spawned process does with a store that it was given."""

from __future__ import annotations

import asyncio
from typing import Any

from customersms_async._core.layers import Layer

HOUR = (Layer(30, 3_600_000_000),)


def granted_of(store: Any) -> int:
    """Ask as often as all of the quota; how many requests were granted."""

    async def main() -> int:
        async with store:
            return sum([isinstance(await store.take("key", HOUR, 35_000_000), int) for _ in range(HOUR[0].requests)])

    return asyncio.run(main())
