"""What a fault of the gateway or the network leaves behind, over real sockets: the outcome, the texts, the tokens."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, ConnectionFailedError, MemoryQuota, SendError, Status
from customersms_async.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable

MakeClient = Callable[..., AsyncClient]
PHONE = "+12125551234"
ACCEPTED, REJECTED, UNKNOWN, UNSENT = Status.ACCEPTED, Status.REJECTED, Status.UNKNOWN, Status.UNSENT


async def send(client: AsyncClient) -> tuple[Status, str | None]:
    """The status and code of one text, however ``send`` tells it."""
    try:
        return (await client.send(PHONE, "Hello")).status, None
    except SendError as error:
        report = await client.with_options().send_many([], "")
        assert report.outcomes == ()
        kind = type(error).__name__
        status = {"OutcomeUnknownError": UNKNOWN, "ConnectionFailedError": UNSENT, "RateLimitedError": UNSENT}
        return status.get(kind, REJECTED), error.code


@pytest.mark.parametrize(
    ("fault", "status", "texts"),
    [
        (Fault.BOM, ACCEPTED, 1),
        (Fault.PHP_WARNING, ACCEPTED, 1),
        (Fault.TEXT_HTML, ACCEPTED, 1),
        (Fault.NUMBERS_AS_TEXT, ACCEPTED, 1),
        (Fault.PHONES_AS_NUMBERS, ACCEPTED, 1),
        (Fault.RESULTS_KEYED, ACCEPTED, 1),
        (Fault.COUNTERS_WRONG, ACCEPTED, 1),
        (Fault.EARLY_HINTS, ACCEPTED, 1),
        (Fault.RESULTS_MISSING, UNKNOWN, 1),
        (Fault.FAILURE_BUT_SENT, ACCEPTED, 1),
        (Fault.HTML_FATAL, UNKNOWN, 1),
        (Fault.EMPTY_BODY, UNKNOWN, 1),
        (Fault.JSON_CUT, UNKNOWN, 1),
        (Fault.NOT_AN_OBJECT, ACCEPTED, 1),
        (Fault.HUGE_BODY, UNKNOWN, 1),
        (Fault.GZIP_BOMB, UNKNOWN, 1),
        (Fault.CLOSE_BEFORE, UNKNOWN, 0),
        (Fault.CLOSE_DURING, UNKNOWN, 0),
        (Fault.CLOSE_AFTER, UNKNOWN, 1),
        (Fault.RESET_BEFORE, UNKNOWN, 0),
        (Fault.RESET_AFTER, UNKNOWN, 1),
        (Fault.CUT_IN_HEADERS, UNKNOWN, 1),
        (Fault.CUT_IN_BODY, UNKNOWN, 1),
        (Fault.ENDLESS_BODY, UNKNOWN, 1),
        (Fault.SLOW, UNKNOWN, 1),
        (Fault.STATUS_301, REJECTED, 0),
        (Fault.STATUS_302, UNKNOWN, 1),
        (Fault.STATUS_303, UNKNOWN, 1),
        (Fault.STATUS_307, REJECTED, 0),
        (Fault.STATUS_308, REJECTED, 0),
        (Fault.STATUS_400, REJECTED, 0),
        (Fault.STATUS_403, REJECTED, 0),
        (Fault.STATUS_404, REJECTED, 0),
        (Fault.STATUS_408, UNKNOWN, 0),
        (Fault.STATUS_409, UNKNOWN, 1),
        (Fault.STATUS_413, REJECTED, 0),
        (Fault.STATUS_425, UNSENT, 0),
        (Fault.STATUS_429, UNSENT, 0),
        (Fault.STATUS_500, UNKNOWN, 1),
        (Fault.STATUS_502, UNKNOWN, 1),
        (Fault.STATUS_503, UNKNOWN, 0),
        (Fault.STATUS_504, UNKNOWN, 1),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
async def test_each_fault_has_one_outcome_and_nothing_is_sent_twice(
    make_client: MakeClient, sandbox: Sandbox, fault: Fault, status: Status, texts: int
) -> None:
    client = make_client(max_retries=0, timeout=0.6)
    sandbox.misbehave({1: (fault, 5.0) if fault is Fault.SLOW else fault})
    assert (await send(client))[0] is status
    assert len(sandbox.texts) == texts
    assert sandbox.requests <= 1
    assert (await client.quota_status()).limits[0].used == 1
    assert (await send(client.with_options(quota=MemoryQuota())))[0] is ACCEPTED, "the pool is whole"


async def test_a_refused_connection_is_tried_again_and_costs_no_token(make_client: MakeClient) -> None:
    client = make_client(url="http://127.0.0.1:9/", max_retries=1)
    with pytest.raises(ConnectionFailedError) as raised:
        await client.send(PHONE, "Hello")
    assert "ConnectionRefusedError" in str(raised.value)
    assert (await client.quota_status()).limits[0].used == 0


async def test_a_name_that_is_not_found_is_a_failed_connection(make_client: MakeClient) -> None:
    client = make_client(url="https://gateway.invalid/", max_retries=0)
    with pytest.raises(ConnectionFailedError):
        await client.send(PHONE, "Hello")
    assert (await client.quota_status()).limits[0].used == 0


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], "Awaitable[None]"]


async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> tuple[asyncio.Server, str]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=context)
    scheme = "https" if context else "http"
    return server, f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_a_tls_handshake_that_is_cut_has_sent_nothing(make_client: MakeClient) -> None:
    connections = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read(1)
        writer.close()

    server, url = await serving(hang_up)
    async with server:
        client = make_client(url=url.replace("http:", "https:"), max_retries=1)
        with pytest.raises(ConnectionFailedError):
            await client.send(PHONE, "Hello")
    assert connections == 2
    assert (await client.quota_status()).limits[0].used == 0


async def test_a_certificate_that_is_refused_is_not_tried_again(make_client: MakeClient) -> None:
    async def unreached(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(Path(__file__).parent / "data" / "self-signed.pem")
    server, url = await serving(unreached, context)
    async with server:
        client = make_client(url=url)
        with pytest.raises(ConnectionFailedError) as raised:
            await client.send(PHONE, "Hello")
    assert raised.value.code == "CERTIFICATE_REFUSED"
    assert (await client.quota_status()).limits[0].used == 0


async def test_an_answer_that_drips_ends_with_the_deadline_and_not_later(make_client: MakeClient) -> None:
    over = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for letter in b"HTTP/1.1 200 OK\r\n" + b"X-Padding: drip\r\n" * 100:
            if writer.is_closing():
                break
            writer.write(bytes([letter]))
            await asyncio.sleep(0.05)
        writer.close()
        over.set()

    server, url = await serving(drip)
    client = make_client(url=url, timeout=0.3)
    began = asyncio.get_running_loop().time()
    assert (await send(client))[0] is UNKNOWN
    assert asyncio.get_running_loop().time() - began < 3
    await over.wait()
    server.close()


async def test_an_idle_connection_is_dropped_before_the_gateway_does(make_client: MakeClient) -> None:
    gateway = Sandbox(keys={"cspro_key": 10}, keep_alive=5.0)
    async with gateway.serve() as url:
        client = make_client(api_key="cspro_key", url=url)
        for _ in range(3):
            assert (await send(client))[0] is ACCEPTED
    assert len(gateway.texts) == 3


async def test_a_connection_that_the_gateway_closed_while_idle_is_not_used(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    client = make_client()
    sandbox.misbehave({1: (Fault.IDLE_CLOSED, 0.0)})
    for _ in range(3):
        assert (await send(client))[0] is ACCEPTED
        await asyncio.sleep(0.02)
    assert len(sandbox.texts) == 3
