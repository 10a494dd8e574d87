"""Calls under one idempotency key at one time: each ends as the one that sends, whatever that took from the others."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from customersms_async import (
    AsyncClient,
    CappedError,
    Caps,
    Limit,
    MemoryIdempotency,
    QuotaExceededError,
    RedisIdempotency,
    SQLiteIdempotency,
)
from customersms_async.sandbox import Fault, Sandbox
from customersms_async.sandbox.magic import number
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from customersms_async.idempotency import IdempotencyStore

MakeClient = Callable[..., AsyncClient]
PHONE, TEXT, KEY = "+12125551234", "Your parcel is here", "order-17/shipped"
DAY = 86_400.0


@pytest.fixture(params=["memory", "sqlite", "redis"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[IdempotencyStore]:
    async with contextlib.AsyncExitStack() as stack:
        if request.param == "memory":
            yield MemoryIdempotency()
        elif request.param == "sqlite":
            yield await stack.enter_async_context(SQLiteIdempotency(tmp_path / "keys"))
        else:
            url, namespace = request.getfixturevalue("shared_redis").url, secrets.token_hex(8)
            yield await stack.enter_async_context(
                RedisIdempotency(url, volatile=True, namespace=namespace, timeout=PATIENCE)
            )


async def test_one_takes_the_last_of_a_cap(make_client: MakeClient, sandbox: Sandbox, store: IdempotencyStore) -> None:
    client = make_client(idempotency=store, caps=Caps("once", per_number=[Limit(1, DAY)]))
    outcomes = await asyncio.gather(*(client.send(PHONE, TEXT, idempotency_key=KEY) for _ in range(4)))
    assert sorted(outcome.replayed for outcome in outcomes) == [False, True, True, True]
    others = [f"+1212555100{n}" for n in range(3)]
    reports = await asyncio.gather(*(client.send_many(others, TEXT, idempotency_key=KEY) for _ in range(3)))
    assert [report.accepted for report in reports] == [3, 3, 3]
    assert len(sandbox.texts) == 4
    with pytest.raises(CappedError):
        await client.send(PHONE, TEXT, idempotency_key="another")


@pytest.mark.parametrize("max_wait", [None, 60.0])
async def test_one_takes_the_last_of_the_quota(
    make_client: MakeClient, sandbox: Sandbox, store: IdempotencyStore, max_wait: float | None
) -> None:
    """Who would stand in line for a day stands there no more, and who would be refused for that is not."""
    client = make_client(idempotency=store, limits=Limit(1, DAY), max_wait=max_wait)
    async with asyncio.timeout(PATIENCE):
        outcomes = await asyncio.gather(*(client.send(PHONE, TEXT, idempotency_key=KEY) for _ in range(3)))
    assert sorted(outcome.replayed for outcome in outcomes) == [False, True, True]
    assert sandbox.requests == 1
    if max_wait is not None:
        with pytest.raises(QuotaExceededError):
            await client.send(PHONE, TEXT, idempotency_key="another")


async def test_who_stands_in_line_hears_of_a_text_that_another_program_has_sent(
    make_client: MakeClient, sandbox: Sandbox, store: IdempotencyStore
) -> None:
    full, free = (make_client(idempotency=store, limits=Limit(1, DAY)) for _ in range(2))
    await full.send(PHONE, "another text")
    waiting = asyncio.create_task(full.send(PHONE, TEXT, idempotency_key=KEY))
    many = asyncio.create_task(full.send_many([PHONE, "+12125551235"], TEXT, idempotency_key=KEY))
    while sum((await full.quota_status()).waiting.values()) < 2:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    await free.send(PHONE, TEXT, idempotency_key=KEY)
    async with asyncio.timeout(PATIENCE):
        assert (await waiting).replayed
    assert not many.done()
    other = make_client(idempotency=store)
    await other.send_many([PHONE, "+12125551235"], TEXT, idempotency_key=KEY)
    async with asyncio.timeout(PATIENCE):
        assert [outcome.replayed for outcome in (await many).outcomes] == [True, True]
    assert len(sandbox.texts) == 4


async def test_one_that_fails_leaves_its_place_to_the_next(
    make_client: MakeClient, sandbox: Sandbox, store: IdempotencyStore
) -> None:
    client = make_client(idempotency=store, caps=Caps("once", per_number=[Limit(1, DAY)]), max_retries=0)
    phone = number(Fault.STATUS_429, once=True)
    calls = (client.send(phone, TEXT, idempotency_key=KEY) for _ in range(3))
    async with asyncio.timeout(PATIENCE):
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) >= 1
    assert len(sandbox.texts) == 1
