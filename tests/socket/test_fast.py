"""The faster engine: what the fault matrix, which runs over it too, does not ask for."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
import threading
import time
import warnings
from typing import TYPE_CHECKING

import httpx
import pytest

from customersms_async import AsyncClient, ConnectionFailedError, MemoryQuota, OutcomeUnknownError, Status
from customersms_async._core.post_result import Answer, NotSent
from customersms_async._core.secret import Sealed, Secret
from customersms_async._http.connections import Gates
from customersms_async._http.engine import KEEPALIVE_SECONDS
from customersms_async._http.transport import Transport
from customersms_async.sandbox import Sandbox
from support.broken_gateways import KEY, Connection, RawGateway, answered, http, page, self_signed
from support.engines import nothing_left_over
from support.places import DATA
from support.real_time import PATIENCE, in_time, pauses

pytest.importorskip("aiohttp", reason="the extra fast (aiohttp) is not installed")

from customersms_async.fast import FastClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PHONE = "+12125551234"
PEM = DATA / "self-signed.pem"


@pytest.fixture
async def fast() -> AsyncIterator[FastClient]:
    async with nothing_left_over(), FastClient() as client:
        yield client


async def yes() -> bool:
    return True


def client_of(http_client: object, url: str) -> AsyncClient:
    return AsyncClient(api_key=KEY, url=url, http_client=http_client, quota=MemoryQuota(), pace=None, max_retries=0)  # type: ignore[arg-type]  # of httpx, too


async def test_a_request_that_is_held_back_never_leaves(fast: FastClient) -> None:
    async def no() -> bool:
        return False

    gateway = RawGateway(page(answered))
    async with gateway.serve() as url:
        transport = Transport(Gates(1), fast)
        body = Sealed(b'{"phone": ["+12125551234"], "message": "Hello"}', Secret(KEY))
        for _ in range(2):  # on a new connection, and on one that was used
            happened = await transport.post(url, body, *in_time(), no)
            assert happened == NotSent("held back before the first byte", again=False)
            await transport.post(url, body, *in_time(), yes)
    assert gateway.requests == 2


async def test_bytes_that_the_event_loop_has_not_read_yet_answer_nothing(fast: FastClient) -> None:
    """They came with the last answer and wait in the system's buffer when the next request is due."""

    heard, more_came = threading.Event(), threading.Event()

    def serve(listener: socket.socket) -> None:
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(listener.accept()[0])
            first.recv(65_536)
            first.sendall(http(answered([PHONE])))
            heard.wait(PATIENCE)
            first.sendall(http({"success": False, "error": "Not yours", "code": "STRANGER"}))
            more_came.set()
            second = stack.enter_context(listener.accept()[0])
            second.recv(65_536)
            second.sendall(http(answered([PHONE])))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        serving = asyncio.get_running_loop().run_in_executor(None, serve, listener)
        async with client_of(fast, f"http://127.0.0.1:{listener.getsockname()[1]}/") as client:
            assert (await client.send(PHONE, "first")).status is Status.ACCEPTED
            heard.set()
            more_came.wait(PATIENCE)  # without a turn of the loop, which must not hear of it
            assert (await client.send(PHONE, "second")).status is Status.ACCEPTED
        await serving


@pytest.mark.parametrize("tls", [None, self_signed()], ids=["plain", "TLS"])
async def test_a_connection_whose_answer_came_before_all_of_the_request_had_left_is_not_kept(
    tls: ssl.SSLContext | None,
) -> None:
    async def act(connection: Connection) -> None:
        await connection.reader.readuntil(b"\r\n\r\n")
        await connection.write(http(answered([PHONE])))
        await connection.until_left()

    gateway, trusting = RawGateway(act, tls), ssl.create_default_context(cafile=str(PEM))
    trusting.check_hostname = False
    async with nothing_left_over(), gateway.serve() as url, FastClient(tls=trusting) as fast:
        transport = Transport(Gates(1), fast)
        for count in (1, 2):
            happened = await transport.post(url, Sealed(b" " * 50_000_000, Secret(KEY)), *in_time(), yes)
            assert isinstance(happened, Answer)
            assert gateway.connections == count


async def test_what_a_gateway_leaves_in_a_cookie_never_comes_back(fast: FastClient) -> None:
    heads: list[bytes] = []

    async def act(connection: Connection) -> None:
        while True:
            heads.append(await connection.reader.readuntil(b"\r\n\r\n"))
            await connection.reader.readuntil(b"}")
            await connection.write(http(answered([PHONE]), Set_Cookie=f"key={KEY}; Path=/"))

    async with RawGateway(act).serve() as url, client_of(fast, url) as client:
        for text in ("first", "second"):
            await client.send(PHONE, text)
    assert len(heads) == 2
    assert not any(b"cookie" in head.lower() or KEY.encode() in head for head in heads)


async def test_a_connection_under_tls_is_kept() -> None:
    tls = ssl.create_default_context(cafile=str(PEM))
    tls.check_hostname = False
    gateway, sends = RawGateway(page(answered), self_signed()), []
    async with (
        gateway.serve() as url,
        FastClient(tls=tls) as fast,
        client_of(fast, url.replace("http:", "https:")) as client,
    ):
        for text in ("first", "second", "third"):
            began = time.monotonic()
            assert (await client.send(PHONE, text)).status is Status.ACCEPTED
            sends.append((began, time.monotonic()))
    assert gateway.requests == 3
    assert 1 <= gateway.connections <= 1 + pauses(sends, KEEPALIVE_SECONDS)


async def test_a_client_over_a_closed_engine_says_so(fast: FastClient) -> None:
    await fast.aclose()
    with pytest.raises(Exception, match="the client is closed"):
        await client_of(fast, "http://127.0.0.1:9/").send(PHONE, "Hello")


class Odd(httpx.AsyncBaseTransport):
    """An engine under httpx that reports no progress, reads the body, and fails."""

    def __init__(self, error: Exception, *, reads: bool) -> None:
        self._error = error
        self._reads = reads

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._reads:
            await request.aread()
        raise self._error


@pytest.mark.parametrize(
    ("make", "reads", "kind"),
    [
        (lambda: httpx.ConnectError("refused"), True, ConnectionFailedError),
        (lambda: httpx.ConnectTimeout("how httpx-aiohttp calls an answer that never came"), True, OutcomeUnknownError),
        (lambda: httpx.PoolTimeout("late"), True, OutcomeUnknownError),
        (lambda: RuntimeError("who knows"), True, OutcomeUnknownError),
        (lambda: httpx.ConnectTimeout("late"), False, ConnectionFailedError),
        (lambda: RuntimeError("who knows"), False, ConnectionFailedError),
    ],
)
async def test_an_engine_that_reports_nothing_is_believed_only_what_it_proves(
    make: Callable[[], Exception], reads: bool, kind: type[Exception]
) -> None:
    async with httpx.AsyncClient(transport=Odd(make(), reads=reads)) as odd, client_of(odd, "http://[::1]/") as client:
        with pytest.raises(kind):
            await client.send(PHONE, "Hello")


def test_a_loop_that_was_only_closed_leaves_the_engine_to_the_next() -> None:
    async def send(url: str) -> Status:
        return (await client_of(fast, url).send(PHONE, "Hello")).status

    gateway, fast = Sandbox(keys={KEY: 100}), FastClient()
    with gateway.serve_in_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # what such a loop leaves open, it leaves open
        for _ in range(3):
            loop = asyncio.new_event_loop()
            assert loop.run_until_complete(send(gateway.url)) is Status.ACCEPTED
            loop.close()
        asyncio.run(fast.aclose())
        gc.collect()


async def test_it_belongs_to_one_loop_at_a_time(fast: FastClient, sandbox: Sandbox) -> None:
    async def elsewhere() -> str:
        with pytest.raises(ConnectionFailedError) as refused:
            await client_of(fast, sandbox.url).send(PHONE, "second")
        return str(refused.value)

    await client_of(fast, sandbox.url).send(PHONE, "first")
    assert "belongs to another event loop: make one for each" in await asyncio.to_thread(asyncio.run, elsewhere())
