"""Processes that text a few numbers as often as they can, one by one and in bulk, and are told no mostly."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from customersms_async import AsyncClient, Caps, CustomerSMSError, Limit, SQLiteSuppression

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

KEY = "cspro_k"
PHONES = [f"+1212{5_550_000 + number:07}" for number in range(30)]
ABROAD = [f"+8821{6_550_000 + number:07}" for number in range(10)]
CAPS = Caps(
    "otp",
    per_number=[Limit(1, 0.3), Limit(3, 2)],
    per_prefix={"+882": Limit(4, 1)},
    total=[Limit(40, 1)],
)
SECONDS = 3.0


async def work(url: str, make_quota: Callable[[], Any], listed: Path, seed: float) -> None:
    """Text whom one likes for a while, and be told no mostly."""
    draw, ends = random.Random(seed), time.monotonic() + SECONDS
    options: dict[str, Any] = {"limits": Limit(10**6, 1), "pace": None, "max_concurrency": 8, "timeout": 0.5}
    async with (
        make_quota() as quota,
        SQLiteSuppression(listed) as suppression,
        AsyncClient(api_key=KEY, url=url, quota=quota, caps=CAPS, suppression=suppression, **options) as client,
    ):

        async def one() -> None:
            while time.monotonic() < ends:
                phones = draw.sample(PHONES + ABROAD, draw.choice([1, 1, 5]))
                patience = draw.choice([None, None, draw.uniform(0.0, 0.05)])
                with suppress(CustomerSMSError, TimeoutError):
                    await asyncio.wait_for(some(phones), patience)
                await asyncio.sleep(draw.uniform(0.0, 0.05))

        async def some(phones: Sequence[str]) -> None:
            if len(phones) == 1:
                await client.send(phones[0], f"text {draw.random()}")
            else:
                await client.send_many(phones, f"text {draw.random()}", stop_after_unknown=None)

        await asyncio.gather(*(one() for _ in range(6)))
