"""No connection is lost to a cancelled request, though httpcore 1.0.9 loses places of its pool that way.

encode/httpcore issue 1093: a request that is cancelled after its connection was put into the pool, and before that
connection knows of it, leaves it there for good. The schedule of ``cancel_steps`` makes that certain instead of rare.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from importlib.metadata import version
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from customersms_async import AsyncClient, MemoryQuota, Status
from customersms_async._core.post_result import Answer
from customersms_async._core.provider import encode
from customersms_async._core.secret import Sealed, Secret
from customersms_async._http.connections import Gates
from customersms_async._http.transport import Transport
from support import cancel_steps
from support.broken_gateways import KEY, RawGateway, answered, page
from support.real_time import PATIENCE, in_time

PHONE = "+12125551234"

Post = Callable[[], Coroutine[Any, Any, Any]]
Pool = tuple[Post, Callable[[], Awaitable[None]]]
"""What posts once over a pool of one connection, and what closes the pool."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A gateway in a thread of its own, so that all steps of the loop are the client's."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(RawGateway(page(answered)).serve()) as at:
        yield at


async def places_lost(make_pool: Callable[[], Pool]) -> list[int]:
    """The steps at which a cancelled request took the only connection with it; no test cancels beyond the last step."""
    lost = []
    for at in itertools.count(1):
        post, close = make_pool()
        with cancel_steps.Steps(at, late=False) as counted:
            task = asyncio.create_task(post())
            counted.act = task.cancel
            await asyncio.wait([task])
        try:
            assert await post()
        except TimeoutError:
            lost.append(at)
        await close()
        if not counted.acted:
            return lost
    raise AssertionError


def bare_httpx(url: str) -> Pool:
    client = httpx.AsyncClient(limits=httpx.Limits(max_connections=1), timeout=httpx.Timeout(5.0, pool=0.05))

    async def post() -> bool:
        try:
            return (await client.post(url, json={"phone": [PHONE], "message": "Hello"})).is_success
        except httpx.PoolTimeout:
            raise TimeoutError from None

    return post, client.aclose


def without_a_task_of_its_own(url: str) -> Pool:
    """Our own way to post, awaited by the caller itself."""
    transport = Transport(Gates(1))

    async def may_leave() -> bool:
        return True

    async def post() -> bool:
        body = Sealed(encode(KEY, [PHONE], "Hello"), Secret(KEY))
        happened = await transport.post(url, body, *in_time(0.2), may_leave)
        if not isinstance(happened, Answer):
            raise TimeoutError
        return happened.status == 200

    return post, transport.aclose


def our_own(url: str) -> Pool:
    client = AsyncClient(api_key=KEY, url=url, quota=MemoryQuota(), pace=None, max_concurrency=1, max_retries=0)

    async def post() -> bool:
        async with asyncio.timeout(PATIENCE):
            return (await client.send(PHONE, "Hello")).status is Status.ACCEPTED

    return post, client.aclose


@pytest.mark.parametrize("pool", [our_own, without_a_task_of_its_own])
async def test_no_place_is_lost_at_whatever_step_a_send_or_its_post_is_cancelled(
    url: str, pool: Callable[[str], Pool]
) -> None:
    assert await places_lost(lambda: pool(url)) == []


@pytest.mark.skipif(version("httpcore") != "1.0.9", reason="tells of this version; a later one may have mended it")
async def test_places_are_lost_where_a_request_over_a_pool_of_httpx_is_cancelled(url: str) -> None:
    assert await places_lost(lambda: bare_httpx(url))
