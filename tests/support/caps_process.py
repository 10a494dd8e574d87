"""One process of ``test_caps``: tries texts as fast as it can, and says when it sent which."""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from customersms_async import Caps, Limit
from customersms_async._core.caps import ID_BYTES, CapScopes
from customersms_async.quota import RedisQuota
from customersms_async.quota.sqlite import SQLiteQuota

if TYPE_CHECKING:
    from customersms_async._core.caps import CappedText

CAPS: Final = Caps(
    "news",
    per_number=(Limit(1, 0.2), Limit(3, 1)),
    per_prefix={"+882": (Limit(4, 0.5),)},
    total=(Limit(6, 0.3), Limit(14, 1)),
)
PHONES: Final = [f"+4917012345{number}" for number in range(4)] + [f"+8821234567{number}" for number in range(4)]
HOLD_US: Final = 1_500_000


async def main(job: dict[str, Any]) -> None:
    """Try batches when told to go, until so many texts were sent, and stay."""
    dice, scopes = random.Random(job["seed"]), CapScopes(CAPS)
    store = RedisQuota(job["place"], timeout=60) if job["store"] == "redis" else SQLiteQuota(job["place"])
    print("ready", flush=True)  # noqa: T201 - to the test that started us
    await asyncio.to_thread(sys.stdin.readline)
    async with store:
        left = job["count"]
        while left > 0:
            batch = {
                scopes.text(phone, secrets.token_bytes(ID_BYTES)): phone
                for phone in dice.sample(PHONES, dice.choice((1, 1, 2, 3)))
            }
            hits = await store.take_caps(scopes.space, list(batch), HOLD_US)
            if not any(hits):
                left -= await _sent(store, scopes, batch, dice)
            await asyncio.sleep(dice.choice((0, 0.002, 0.01)))
        os.write(1, b"done\n")
        await asyncio.to_thread(sys.stdin.readline)


async def _sent(
    store: RedisQuota | SQLiteQuota, scopes: CapScopes, batch: dict[CappedText, str], dice: random.Random
) -> int:
    """Send these some time after they were let through, and hear of the answers after that, if ever; how many."""
    answered, not_sent = list[Any](), list[Any]()
    for text, phone in batch.items():
        await asyncio.sleep(dice.choice((0, 0.005)))
        if dice.random() < 0.15:
            not_sent.append(text)
            continue
        os.write(1, f"{phone} {time.monotonic()}\n".encode())
        if dice.random() < 0.9:  # the others have no answer, and lapse
            answered.append(text)
    await asyncio.sleep(dice.choice((0, 0.02)))
    await store.end_caps(scopes.space, answered, not_sent)
    return len(batch) - len(not_sent)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
