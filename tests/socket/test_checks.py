"""Keys, caps and the list together: the order in which they are asked, how often is waited, and every cancellation."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import AsyncClient, Caps, Limit, MemoryIdempotency, MemoryQuota, MemorySuppression, SendError
from customersms_async._core.caps import ID_BYTES, CapScopes
from support import cancel_steps
from support.told_waves import Waves
from support.watched_client import PHONES, MakeWorld, World, id_of

if TYPE_CHECKING:
    from customersms_async.sandbox import Sandbox

MakeClient = Callable[..., AsyncClient]
KEY = "order-17"
CAPS = Caps("news", per_number=Limit(1, 100_000), total=Limit(4, 100_000))


def options(waves: Waves) -> dict[str, Any]:
    return {
        "idempotency": waves.store(MemoryIdempotency()),
        "suppression": waves.store(MemorySuppression()),
        "caps": CAPS,
    }


async def test_a_text_waits_five_times_for_its_stores(make_client: MakeClient, sandbox: Sandbox) -> None:
    waves = Waves()
    quota = waves.store(MemoryQuota())
    client = make_client(quota=quota, **(options(waves) | {"suppression": MemorySuppression()}))
    await client.send(PHONES[0], "Hello", idempotency_key=KEY)
    assert [sorted(wave) for wave in waves.waves] == [
        ["look", "look_at_caps"],
        ["take"],
        ["take_caps"],
        ["claim"],
        ["end", "end_caps", "settle"],
    ]


async def test_a_list_on_another_host_is_asked_with_the_look_and_last(make_client: MakeClient) -> None:
    waves = Waves()
    client = make_client(quota=waves.store(MemoryQuota()), **options(waves))
    await client.send(PHONES[0], "Hello", idempotency_key=KEY)
    assert [sorted(wave) for wave in waves.waves] == [
        ["look", "look_at_caps", "suppressed"],
        ["take"],
        ["take_caps"],
        ["claim"],
        ["suppressed"],
        ["end", "end_caps", "settle"],
    ]


async def test_a_repeated_text_waits_once(make_client: MakeClient) -> None:
    waves = Waves()
    client = make_client(quota=waves.store(MemoryQuota()), **options(waves))
    await client.send(PHONES[0], "Hello", idempotency_key=KEY)
    waves.waves.clear()
    assert (await client.send(PHONES[0], "Hello", idempotency_key=KEY)).replayed
    assert [sorted(wave) for wave in waves.waves] == [["look", "look_at_caps", "suppressed"]]


async def test_a_batch_waits_as_often_as_one_text(make_client: MakeClient) -> None:
    waves = Waves()
    client = make_client(quota=waves.store(MemoryQuota()), **options(waves))
    assert (await client.send_many(PHONES, "Hello", idempotency_key=KEY)).accepted == 4
    assert len(waves.waves) == 6


Way = Callable[[World, AsyncClient], Coroutine[Any, Any, None]]


async def by_send(world: World, client: AsyncClient) -> None:
    await client.send(PHONES[0], world.message, idempotency_key=KEY)


async def by_send_many(world: World, client: AsyncClient) -> None:
    await client.send_many(PHONES, world.message, idempotency_key=KEY, batch_size=2)


async def has_room(quota: MemoryQuota, phone: str) -> bool:
    scopes = CapScopes(Caps("news", per_number=CAPS.per_number))
    (hit,) = await quota.look_at_caps(scopes.space, [scopes.text(phone, bytes(ID_BYTES))])
    return hit is None


@pytest.mark.parametrize("late", [False, True], ids=["while it waits", "as it wakes"])
@pytest.mark.parametrize("way", [by_send, by_send_many])
async def test_cancelled_at_every_step_it_leaves_the_caps_of_those_who_were_texted_and_no_others(
    make_world: MakeWorld, way: Way, late: bool
) -> None:
    cancelled = 0
    for at in itertools.count(1):
        world, waves = make_world(), Waves()
        client = world.client.with_options(**options(waves))
        with cancel_steps.Steps(at, late=late) as counted:
            victim = asyncio.create_task(way(world, client))
            counted.act = victim.cancel
            await asyncio.wait([victim])
            await world.at_rest()
        assert victim.cancelled() or victim.exception() is None
        cancelled += victim.cancelled()
        texted = world.texts
        assert [phone for phone in PHONES if not await has_room(world.quota, phone)] == [
            phone for phone in PHONES if id_of(phone) in texted
        ]
        await way(world, client)
        assert len(world.texts) == len(set(world.texts)) == (1 if way is by_send else 4)
        await world.is_whole()
        if not counted.acted:
            break
    assert cancelled > 8


async def test_suppressed_at_the_last_moment_it_gives_back_all_that_came_before(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    waves, store, quota = Waves(), MemorySuppression(), MemoryQuota()
    far = waves.store(store)

    class Late:
        in_process = False

        async def suppressed(self, phones: Any) -> frozenset[str]:
            if ["claim"] in waves.waves:
                await store.add(PHONES[0])
            found: frozenset[str] = await far.suppressed(phones)
            return found

    client = make_client(quota=waves.store(quota), **(options(waves) | {"suppression": Late()}))
    with pytest.raises(SendError):
        await client.send(PHONES[0], "Hello", idempotency_key=KEY)
    assert sorted(waves.waves[-1]) == ["end", "end_caps", "give_back"]
    assert await has_room(quota, PHONES[0])
    assert (await client.quota_status()).limits[0].used == sandbox.requests == 0
