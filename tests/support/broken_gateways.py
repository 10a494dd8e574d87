"""Gateways of one misdeed each, over real sockets: what the sandbox, a whole HTTP server, can't be brought to do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, final

from support.places import DATA

KEY: Final = "cspro_a_key_that_must_never_show"

Handler = Callable[["Connection"], Awaitable[None]]


class Asked(NamedTuple):
    """What one request asks for."""

    phones: list[str]
    message: str


def answered(phones: Sequence[str]) -> dict[str, Any]:
    """The documented answer of a gateway that takes every text."""
    rows = [{"phone": phone, "success": True, "message_id": f"msg_{i}"} for i, phone in enumerate(phones)]
    counts = {"total_numbers": len(rows), "successful_sends": len(rows), "failed_sends": 0}
    return {"success": True, "message": "SMS sending completed", **counts, "remaining_credits": 98, "results": rows}


def http(body: bytes | object, status: str = "200 OK", **headers: str) -> bytes:
    """A whole HTTP answer; names of headers are written with ``_`` for ``-``."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


@final
class Connection:
    """One connection of a client, as a handler sees it."""

    def __init__(self, gateway: RawGateway, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.gateway = gateway
        self.reader = reader
        self.writer = writer

    async def read(self) -> Asked:
        """Read one request in full, and count it."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(re.findall(rb"(?i)content-length: (\d+)", head)[0])
        body = json.loads(await self.reader.readexactly(length))
        asked = Asked(body["phone"], body["message"])
        self.gateway.asked.append(asked)
        return asked

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_left(self) -> None:
        """Wait until the client has left."""
        while await self.reader.read(65_536):
            pass


@final
class RawGateway:
    """Counts connections, the requests that were read in full, and the texts in them; ``act`` does the rest.

    ``holds`` once there is a request that ``act`` will give no answer to, as long as the client may wait.
    """

    def __init__(self, act: Handler, tls: ssl.SSLContext | None = None) -> None:
        self._act = act
        self._tls = tls
        self.connections = 0
        self.holds = False
        self.asked: list[Asked] = []

    @property
    def requests(self) -> int:
        return len(self.asked)

    @property
    def texts(self) -> list[tuple[str, str]]:
        return [(phone, asked.message) for asked in self.asked for phone in asked.phones]

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve on a free port of loopback, and give the URL; in the end cut what is connected."""
        tasks: set[asyncio.Task[Any]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                await self._act(Connection(self, reader, writer))
            except (OSError, EOFError, asyncio.CancelledError):
                pass  # the client has left, or the test
            finally:
                tasks.discard(task)
                writer.transport.abort()

        listener = socket.socket(proto=socket.IPPROTO_TCP)  # asyncio lets no small piece wait only where this is said
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)  # so that a long text fills it
        listener.bind(("127.0.0.1", 0))
        server = await asyncio.start_server(connected, sock=listener, ssl=self._tls)
        try:
            yield f"http{'s' if self._tls else ''}://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.close()
            for task in tuple(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def page(body: Callable[[list[str]], object] | bytes | object, status: str = "200 OK", **headers: str) -> Handler:
    """Answers every request like this, on connections that are kept."""

    async def act(connection: Connection) -> None:
        while True:
            asked = await connection.read()
            await connection.write(http(body(asked.phones) if callable(body) else body, status, **headers))

    return act


def bytes_then_close(data: Callable[[list[str]], bytes]) -> Handler:
    """Reads a request, sends these bytes as they are, and closes."""

    async def act(connection: Connection) -> None:
        asked = await connection.read()
        await connection.write(data(asked.phones))
        connection.writer.close()
        await connection.writer.wait_closed()

    return act


async def never_read(connection: Connection) -> None:
    """Takes what fits into the buffers and no more."""
    await connection.reader.readexactly(1)
    connection.gateway.holds = True
    await asyncio.Event().wait()


async def never_answer(connection: Connection) -> None:
    """Read a request, and hold its answer back until the client has left."""
    await connection.read()
    connection.gateway.holds = True
    await connection.until_left()


async def drip(connection: Connection) -> None:
    """An answer that makes every single step just in time."""
    await connection.read()
    connection.gateway.holds = True
    for letter in b"HTTP/1.1 200 OK\r\n" + b"X-Padding: drip\r\n" * 200:
        await connection.write(bytes([letter]))
        await asyncio.sleep(0.02)


async def go_on_and_on(connection: Connection) -> None:
    """Nothing but 100 Continue."""
    await connection.read()
    connection.gateway.holds = True
    while True:
        await connection.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 10)
        await asyncio.sleep(0.01)


async def never_greet(connection: Connection) -> None:
    """A TLS handshake without an answer."""
    await connection.until_left()


async def hang_up(connection: Connection) -> None:
    """A TLS handshake that is cut."""
    await connection.reader.read(1)


def self_signed() -> ssl.SSLContext:
    """A certificate that nobody vouches for."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(DATA / "self-signed.pem")
    return context


@contextlib.contextmanager
def full_backlog() -> Iterator[str]:
    """The URL of a listener that accepts nobody, and whose queue is full: connecting takes for ever."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            queued = stack.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
