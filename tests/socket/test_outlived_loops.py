"""Clients that outlive their event loop, as one of a module does where a program calls ``asyncio.run`` for each job."""

from __future__ import annotations

import asyncio
import gc
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import AsyncClient, ConfigurationError, MemoryQuota
from customersms_async.sandbox import Fault, Sandbox
from support.engines import OWN_ENGINES, sockets

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

KEY = "cspro_a_key_that_must_never_show"
PHONES = [f"+1212555{i:04}" for i in range(4)]


@pytest.fixture
def gateway() -> Iterator[Sandbox]:
    sandbox = Sandbox(keys={KEY: 99})
    with sandbox.serve_in_thread():
        yield sandbox


def http_client(engine: str) -> Any:
    if engine != "fast":
        return None
    from customersms_async.fast import FastClient

    return FastClient()


def run_in_uvloop(main: Coroutine[Any, Any, object]) -> None:
    import uvloop

    uvloop.run(main)


RUNS = [
    asyncio.run,
    pytest.param(run_in_uvloop, marks=pytest.mark.skipif(find_spec("uvloop") is None, reason="no uvloop")),
]


async def job(client: AsyncClient) -> None:
    await asyncio.gather(*(client.send(phone, "Hello") for phone in PHONES))


async def close(*clients: Any) -> None:
    for client in clients:
        await client.aclose()


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("engine", OWN_ENGINES)
def test_a_client_whose_loop_has_ended_has_no_connection_and_is_closed_quietly(
    engine: str, run: Callable[[Coroutine[Any, Any, object]], object], gateway: Sandbox
) -> None:
    """Whatever were left would warn when it is collected, and a warning fails the test."""
    opened, quota, own = sockets(), MemoryQuota(), http_client(engine)
    client = AsyncClient(api_key=KEY, url=gateway.url, http_client=own, quota=quota, pace=None)
    derived = client.with_options(max_wait=5)
    run(job(derived))
    assert sockets_left(opened) == opened
    for late in (client, derived):
        with pytest.raises(ConfigurationError, match=r"ended: make one client for each .* asyncio\.run; they share"):
            run(job(late))
    run(close(derived, client, client))
    with pytest.raises(ConfigurationError, match="the client is closed"):
        run(job(client))
    another = AsyncClient(api_key=KEY, url=gateway.url, http_client=own, quota=quota, pace=None)
    run(job(another))
    run(close(another, *([own] if own else [])))
    assert len(gateway.texts) == 8
    del client, derived, another, own
    gc.collect()


def sockets_left(opened: int) -> int:
    """How many sockets there are when the gateway, in its own thread, has seen that its ends were closed."""
    for _ in range(2_000):
        if sockets() <= opened:
            break
        time.sleep(0.005)
    return sockets()


def test_what_was_not_closed_in_time_is_aborted_with_its_loop(gateway: Sandbox) -> None:
    """A job that ends while a request of its client is on its way."""
    gateway.misbehave(lambda _: (Fault.SLOW, 5.0))
    client = AsyncClient(api_key=KEY, url=gateway.url, quota=MemoryQuota())

    async def leave(client: AsyncClient) -> None:
        sending = asyncio.ensure_future(client.send(PHONES[0], "Hello"))
        while not gateway.requests:  # noqa: ASYNC110 - the sandbox sets no event
            await asyncio.sleep(0.001)
        sending.cancel()

    asyncio.run(leave(client))
    asyncio.run(close(client))
    del client
    gc.collect()


def test_a_loop_that_was_not_the_clients_own_changes_nothing(gateway: Sandbox) -> None:
    client = AsyncClient(api_key=KEY, url=gateway.url, quota=MemoryQuota(), pace=None)
    with asyncio.Runner() as runner:
        runner.run(job(client))
        with pytest.raises(ConfigurationError, match="another event loop: make one"):
            asyncio.run(close(client))
        runner.run(job(client))
        runner.run(close(client))
