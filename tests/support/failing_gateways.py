"""Gateways at which request after request fails, over real sockets, and clients that send there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from customersms_async import AsyncClient, Limit, MemoryQuota
from support.broken_gateways import KEY, Asked, Connection, RawGateway, answered, http

Answers = Callable[[int, Asked], bytes | None]

PAGE: Final = b"<!DOCTYPE html><title>Sorry</title>"
BAD_GATEWAY: Final = http(PAGE, "502 Bad Gateway")
FORBIDDEN: Final = http(PAGE, "403 Forbidden")


def gateway(answers: Answers) -> RawGateway:
    """Answers request number n (from 1) with what ``answers`` gives: ``None`` is no answer, ``b""`` a reset.

    What is not status 200 comes a moment later, as the order of the answers is what the tests are about.
    """

    async def act(connection: Connection) -> None:
        while True:
            asked = await connection.read()
            answer = answers(connection.gateway.requests, asked)
            if answer is not None and not answer.startswith(b"HTTP/1.1 200"):
                await asyncio.sleep(0.02)  # so that it comes after those that were accepted before
            if answer is None:
                await connection.until_left()
            elif not answer:
                connection.writer.transport.abort()
                return
            else:
                await connection.write(answer)

    return RawGateway(act)


def failing(failure: bytes | None, first: int = 1) -> RawGateway:
    """Takes every text until request number ``first``, and fails from then on."""
    return gateway(lambda number, asked: http(answered(asked.phones)) if number < first else failure)


def client_of(url: str, **options: Any) -> AsyncClient:
    return AsyncClient(
        api_key=KEY, url=url, **{"quota": MemoryQuota(), "pace": None, "limits": Limit(100_000, 60)} | options
    )
