"""What an ASGI server does around requests: it begins and ends the app's lifespan, and hands its state to each."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    App = Callable[[Any, Any, Any], Awaitable[None]]


@contextlib.asynccontextmanager
async def running(app: App) -> AsyncIterator[App]:
    """The app between startup and shutdown, as its requests see it; what its startup raises is raised."""
    state: dict[str, Any] = {}
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    life = asyncio.ensure_future(
        app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}, told.get, said.put)
    )

    async def step(name: str) -> None:
        await told.put({"type": f"lifespan.{name}"})
        async with asyncio.timeout(PATIENCE):
            answer = asyncio.ensure_future(said.get())
            await asyncio.wait({answer, life}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done() or answer.result()["type"] == f"lifespan.{name}.failed":
                answer.cancel()
                await life
            assert answer.result()["type"] == f"lifespan.{name}.complete"

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    await step("startup")
    try:
        yield with_state
    finally:
        await step("shutdown")
        await life
