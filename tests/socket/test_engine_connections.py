"""The connections of the default engine: how many there are, which are used again, and when they are closed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, MemoryQuota, OutcomeUnknownError, Status
from customersms_async._core.post_result import NoAnswer
from customersms_async._core.secret import Sealed, Secret
from customersms_async._http.connections import Gates
from customersms_async._http.transport import Transport
from support.broken_gateways import KEY, Connection, RawGateway, answered, http, page
from support.engines import nothing_left_over, sockets
from support.real_time import PATIENCE, in_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PHONE = "+12125551234"
BODY = Sealed(b'{"phone": ["+12125551234"], "message": "Hello"}', Secret(KEY))


@pytest.fixture(autouse=True)
async def _all_is_closed() -> AsyncIterator[None]:
    async with nothing_left_over():
        yield


def client_of(url: str, **options: object) -> AsyncClient:
    return AsyncClient(api_key=KEY, url=url, quota=MemoryQuota(), pace=None, max_retries=0, **options)  # type: ignore[arg-type]  # any of them


async def may_leave() -> bool:
    return True


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not met():  # noqa: ASYNC110 - the system says nothing when a socket is closed
            await asyncio.sleep(0.01)


async def test_there_are_as_many_connections_as_requests_at_a_time_whatever_the_gate_in_front_lets_through() -> None:
    everyone = asyncio.Event()

    async def together(connection: Connection) -> None:
        while True:
            asked = await connection.read()
            if gateway.requests == 40:
                everyone.set()
            await everyone.wait()
            await connection.write(http(answered(asked.phones)))

    gateway = RawGateway(together)
    async with gateway.serve() as url:
        transport = Transport(Gates(1))
        posts = [transport.post(url, BODY, *in_time(), may_leave) for _ in range(40)]
        await asyncio.gather(*posts)
        assert gateway.connections == 40
        await transport.aclose()


async def test_idle_connections_are_closed_though_nobody_sends_any_more() -> None:
    """Nor does any wait half-closed (CLOSE_WAIT) for the next request, whoever ended it."""
    gateway = RawGateway(page(answered))
    async with gateway.serve() as url:
        before = sockets()
        async with client_of(url) as client:
            await asyncio.gather(*(client.send(PHONE, str(number)) for number in range(8)))
            assert sockets() > before
            await until(lambda: sockets() <= before)
            assert (await client.send(PHONE, "and it goes on")).status is Status.ACCEPTED


async def test_connections_that_the_gateway_has_closed_are_closed_here_too() -> None:
    async def once(connection: Connection) -> None:
        await connection.write(http(answered((await connection.read()).phones)))

    async with RawGateway(once).serve() as url:
        before = sockets()
        async with client_of(url) as client:
            for number in range(3):
                assert (await client.send(PHONE, str(number))).status is Status.ACCEPTED
            await until(lambda: sockets() <= before)


async def test_a_connection_whose_answer_was_not_read_to_its_end_is_never_used_again() -> None:
    too_long = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b" " * 9_000_000

    async def long_then_short(connection: Connection) -> None:
        while True:
            asked = await connection.read()
            await connection.write(too_long if gateway.requests == 1 else http(answered(asked.phones)))

    gateway = RawGateway(long_then_short)
    async with gateway.serve() as url, client_of(url) as client:
        with pytest.raises(OutcomeUnknownError):
            await client.send(PHONE, "first")
        assert (await client.send(PHONE, "second")).status is Status.ACCEPTED
    assert gateway.connections == 2


async def test_closing_closes_what_is_still_in_use() -> None:
    async def never(connection: Connection) -> None:
        await connection.read()
        await connection.reader.read()

    gateway = RawGateway(never)
    async with gateway.serve() as url:
        transport = Transport(Gates(1))
        posting = asyncio.create_task(transport.post(url, BODY, *in_time(), may_leave))
        await until(lambda: gateway.requests == 1)
        await transport.aclose()
        assert isinstance(await posting, NoAnswer)


async def test_clients_made_from_each_other_use_each_other_s_connections() -> None:
    gateway = RawGateway(page(answered))
    async with gateway.serve() as url, client_of(url) as client:
        other = client.with_options(api_key=KEY + "2", url=url + "another/script.php", quota=MemoryQuota())
        for each in (client, other, client):
            await each.send(PHONE, "Hello")
    assert gateway.requests == 3
    assert gateway.connections <= 2, "one, unless the machine stood still for half a second"
