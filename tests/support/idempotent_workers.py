"""Processes that are given the same jobs again and again, and are killed, stopped and cancelled at it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from customersms_async import AsyncClient, CustomerSMSError, Limit, MemoryQuota
from customersms_async.idempotency import IdempotencyStore
from support import forked

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

MakeStore = Callable[[], IdempotencyStore]
TIMEOUT = 0.5
AT_A_TIME = 32


def phone_of(key: int) -> str:
    return f"+1212{5_550_000 + key:07}"


class Workers:
    """Workers of one place of keys: ``keys`` jobs, which each worker does in an order of its own, some in bulk.

    ``make_store`` can be pickled, as it is called in each process.
    """

    def __init__(self, make_store: MakeStore, url: str, api_key: str, keys: int) -> None:
        self._make_store, self._url, self._api_key, self._keys = make_store, url, api_key, keys
        self._draw = random.Random(7)

    def torture(self, processes: int, rounds: int, disturb: Callable[[], None] = lambda: None) -> None:
        """Have so many work, and kill or stop one of them in each round, whose jobs are given to another."""
        children = [self._begin() for _ in range(processes)]
        for number in range(rounds):
            time.sleep(self._draw.uniform(0.05, 0.4))  # it is a random moment that is wanted
            child = self._draw.choice(children)
            if number % 3 == 2 and child.is_alive():
                os.kill(child.ident or 0, signal.SIGSTOP)
                disturb()
                time.sleep(TIMEOUT * self._draw.choice([0.5, 1.5]))
                os.kill(child.ident or 0, signal.SIGCONT)
            else:
                child.kill()
                assert forked.ended(child) in (-signal.SIGKILL, 0)
                children[children.index(child)] = self._begin()
        assert [forked.ended(child) for child in children] == [0] * processes

    def _begin(self) -> BaseProcess:
        return forked.begin(self.work, random.Random(self._draw.random()), True)

    async def work(self, draw: random.Random, cancelling: bool = False) -> list[str]:
        """Do all jobs, and give the status with which each of them ended, in their order."""
        store, turns = self._make_store(), asyncio.Semaphore(AT_A_TIME)
        statuses = ["cancelled"] * self._keys
        options: dict[str, Any] = {
            "quota": MemoryQuota(),
            "pace": None,
            "limits": Limit(10**6, 1),
            "max_concurrency": 32,
        }
        async with AsyncClient(
            api_key=self._api_key, url=self._url, idempotency=store, timeout=TIMEOUT, **options
        ) as client:

            async def job(key: int) -> None:
                async with turns:
                    patience = draw.choice([None, None, draw.uniform(0.0, 0.05)]) if cancelling else None
                    with suppress(TimeoutError):
                        statuses[key] = await asyncio.wait_for(self._send(client, key), patience)

            keys = list(range(self._keys))
            draw.shuffle(keys)
            await asyncio.gather(*map(job, keys))
        await store.aclose()
        return statuses

    async def _send(self, client: AsyncClient, key: int) -> str:
        phone, text = phone_of(key), f"order {key}"
        if key % 4 == 0:
            report = await client.send_many([phone], text, idempotency_key="all of them")
            return report.outcomes[0].status.value
        try:
            return (await client.send(phone, text, idempotency_key=f"order {key}")).status.value
        except CustomerSMSError as error:
            return type(error).__name__
