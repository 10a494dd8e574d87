"""Idle connections: none is used that the gateway may be giving up just now."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

import httpx

from customersms_async import AsyncClient, OutcomeUnknownError
from customersms_async._http.engine import KEEPALIVE_SECONDS
from support.broken_gateways import Connection, RawGateway, answered, http
from support.real_time import pauses

MakeClient = Callable[..., AsyncClient]
PHONE = "+12125551234"
CLOSES_AFTER, ROUND_TRIP = 1.0, 0.2
"""Seconds: the shortest time that a server is set to, and how long it takes until the client hears of the closing."""


async def give_up(connection: Connection) -> None:
    """Answers, and gives an idle connection up; what comes before the client has heard of that is lost.

    It never hears of it here: its sends come within a round trip, however long that may last on a busy machine.
    """
    asked = await connection.read()
    while True:
        await connection.write(http(answered(asked.phones)))
        try:
            asked = await asyncio.wait_for(connection.read(), CLOSES_AFTER - ROUND_TRIP)
        except TimeoutError:
            await connection.reader.read(1)
            return


async def lost(make_client: MakeClient, url: str, **options: Any) -> int:
    """How many of 20 sends are unknown that come as the gateway gives up."""
    rng = random.Random(1)

    async def one() -> int:
        client = make_client(url=url, **options)
        await client.send(PHONE, "first")
        await asyncio.sleep(CLOSES_AFTER - ROUND_TRIP * rng.uniform(0.2, 0.8))
        try:
            await client.send(PHONE, "second")
        except OutcomeUnknownError:
            return 1
        return 0

    return sum(await asyncio.gather(*(one() for _ in range(20))))


async def test_no_send_is_lost_to_a_connection_that_the_gateway_gives_up(make_client: MakeClient) -> None:
    gateway = RawGateway(give_up)
    async with gateway.serve() as url:
        limits = httpx.Limits(keepalive_expiry=5.0)
        async with httpx.AsyncClient(limits=limits) as kept_long:
            ours, longer = await asyncio.gather(lost(make_client, url), lost(make_client, url, http_client=kept_long))
    assert ours == 0
    assert longer > 0, "and this would show it"


async def answer(connection: Connection) -> None:
    """Keeps its connections."""
    while True:
        await connection.write(http(answered((await connection.read()).phones)))


async def test_sends_at_the_pace_of_the_limits_share_a_connection(make_client: MakeClient) -> None:
    gateway, sends = RawGateway(answer), []
    async with gateway.serve() as url:
        client = make_client(url=url)
        for number in range(4):
            began = time.monotonic()
            await client.send(PHONE, str(number))
            sends.append((began, time.monotonic()))
            await asyncio.sleep(0.1)
    assert 1 <= gateway.connections <= 1 + pauses(sends, KEEPALIVE_SECONDS)
    assert gateway.requests == 4
