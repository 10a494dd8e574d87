"""A real server on a port: uvicorn's HTTP protocol, under a listener of our own.

``uvicorn.Server`` is left out on purpose. It takes over the process's signals, calls ``sys.exit`` where the port is
taken, waits at its end for whoever is still connected, and polls ten times a second, so that its end takes 0.2 s. What
is left of it is one call of ``create_server``. uvicorn's own protocol class stays, since it is the proven HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import ASGIApp, Receive, Scope, Send


@contextlib.asynccontextmanager
async def listening(
    app: ASGIApp, host: str, port: int, connection: Callable[[Config, ServerState], H11Protocol] | None = None
) -> AsyncIterator[str]:
    """Serve ``app`` and yield its origin, such as ``http://127.0.0.1:8025``; in the end cut all connections.

    ``connection`` makes what serves one connection; else it is uvicorn's own, without a log. Waits for all tasks in the
    end, and raises ``OSError`` for an address that can't be listened at.
    """
    config = Config(app, interface="asgi3", lifespan="off", ws="none", log_config=None, proxy_headers=False)
    config.load()
    state = ServerState()
    make = connection or QuietConnection
    listener = await asyncio.get_running_loop().create_server(lambda: make(config, state), host, port)
    try:
        bound = listener.sockets[0].getsockname()
        yield f"http://{f'[{bound[0]}]' if ':' in bound[0] else bound[0]}:{bound[1]}"
    finally:
        listener.close()
        await _end(state)
        await listener.wait_closed()


class QuietConnection(H11Protocol):
    """uvicorn's connection, which logs no request, and no task that was cut off at the end of ``listening``.

    Mutable state: uvicorn's own.
    """

    def __init__(self, config: Config, state: ServerState) -> None:
        super().__init__(config, state, {})
        self._served = self.app
        self.app: ASGIApp = self._run
        self.access_log = False  # for this connection only: Config's own switch is global

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._served(scope, receive, send)
        except asyncio.CancelledError:
            if not self.transport.is_closing():  # else it's the end of listening, and no news
                raise


async def _end(state: ServerState) -> None:
    """Cut what is connected, let the tasks learn of it, then cancel those that still wait for something else."""
    for _ in range(3):  # asyncio needs so many turns from accepting a connection to its connection_made
        await asyncio.sleep(0)
    while state.connections:
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
    tasks = list(state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
