"""A call with an idempotency key, cancelled at every step: its key is free, or has the outcome, and nobody is lost."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from customersms_async import AsyncClient
from support import cancel_steps
from support.failing_keys import FailingKeys
from support.watched_client import PHONES, MakeWorld, World

KEY = "order-17"


class DistantKeys(FailingKeys):
    """A store that suspends before and after every decision, as one over a network does."""

    async def _call(self, call: str, *arguments: Any) -> Any:
        await asyncio.sleep(0)
        answer = await super()._call(call, *arguments)
        await asyncio.sleep(0)
        return answer


Way = Callable[[World, AsyncClient], Coroutine[Any, Any, None]]


async def by_send(world: World, client: AsyncClient) -> None:
    await client.send(PHONES[0], world.message, idempotency_key=KEY)


async def by_send_many(world: World, client: AsyncClient) -> None:
    await client.send_many(PHONES, world.message, idempotency_key=KEY, batch_size=2)


@pytest.mark.parametrize("late", [False, True], ids=["while it waits", "as it wakes"])
@pytest.mark.parametrize("way", [by_send, by_send_many])
async def test_cancelled_at_every_step_it_leaves_no_key_claimed_and_texts_nobody_twice(
    make_world: MakeWorld, way: Way, late: bool
) -> None:
    cancelled = 0
    for at in itertools.count(1):
        world, store = make_world(), DistantKeys()
        client = world.client.with_options(idempotency=store)
        with cancel_steps.Steps(at, late=late) as counted:
            victim = asyncio.create_task(way(world, client))
            counted.act = victim.cancel
            await asyncio.wait([victim])
            await world.at_rest()
        assert victim.cancelled() or victim.exception() is None
        cancelled += victim.cancelled()
        texts = len(world.texts)
        await way(world, client)  # at once, as no key is claimed any more
        assert len(world.texts) == len(set(world.texts)) == (1 if way is by_send else 4)
        assert texts <= len(world.texts)
        assert not any(seen.left_us for seen in await store.look(list(store.store._keys.kept)) if seen)
        await world.is_whole()
        if not counted.acted:
            break
    assert cancelled > 8
