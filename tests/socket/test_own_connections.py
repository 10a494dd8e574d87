"""The connections of every engine: whom they trust, and what is said of a system that has no more of them to give."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import ssl
import sys
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import AsyncClient, ConnectionFailedError, MemoryQuota, SendError, Status
from customersms_async._core.post_result import Answer, NoAnswer, NotSent
from customersms_async._core.secret import Sealed, Secret
from customersms_async._http.connections import Gates
from customersms_async._http.transport import Transport
from customersms_async.sandbox import Sandbox
from support.broken_gateways import KEY, Connection, RawGateway, answered, http, page
from support.engines import ENGINES, OWN_ENGINES, engine_of, sockets
from support.places import DATA
from support.real_time import PATIENCE, in_time

if TYPE_CHECKING:
    from pathlib import Path

    from support.broken_gateways import Handler

PHONES = [f"+1212555{i:04}" for i in range(4)]
TRUSTED, OTHER = (DATA / "loopback.pem").read_bytes(), (DATA / "self-signed.pem").read_bytes()


def trusted() -> ssl.SSLContext:
    """What a gateway needs whom everybody trusts who has TRUSTED."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(DATA / "loopback.pem")
    return context


@pytest.mark.parametrize("engine", OWN_ENGINES)
async def test_authorities_that_are_replaced_while_the_client_lives_are_read_anew(
    engine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "authorities.pem"
    file.write_bytes(OTHER)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    gateway = RawGateway(page(answered), trusted())
    options: dict[str, Any] = {"quota": MemoryQuota(), "pace": None}
    async with (
        gateway.serve() as url,
        engine_of(engine) as http_client,
        AsyncClient(api_key=KEY, url=url, http_client=http_client, **options) as client,
    ):
        for _ in range(2):
            why = r"TLS certificate of .* was refused \(self-signed certificate\): .* SSL_CERT_FILE"
            with pytest.raises(ConnectionFailedError, match=why) as refused:
                await client.send(PHONES[0], "Hello")
            assert refused.value.code == "CERTIFICATE_REFUSED"
        file.write_bytes(TRUSTED)
        outcomes = await asyncio.gather(*(client.send(phone, "Hello") for phone in PHONES))
        assert {outcome.status for outcome in outcomes} == {Status.ACCEPTED}
        file.write_bytes(OTHER)
        assert (await client.send(PHONES[0], "Again")).status is Status.ACCEPTED
    assert sorted(gateway.texts) == sorted([*((phone, "Hello") for phone in PHONES), (PHONES[0], "Again")])


OVER_TLS = pytest.mark.parametrize("over_tls", [False, True], ids=["plain", "TLS"])
LATE = {
    "an end": b"",
    "an answer": http(answered([PHONES[0]])),
    "a refusal": http({"success": False, "code": "RATE_LIMITED"}, "429 Too Many Requests", Retry_After="0"),
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "a blank line": b"\r\n",
}
"""What a gateway may say on a kept connection, though nobody has asked."""


@OVER_TLS
@pytest.mark.parametrize(
    ("late", "ending"),
    [(late, ending) for late in LATE for ending in ("closed", "cut", "kept") if late != "an end" or ending != "kept"],
)
@pytest.mark.parametrize("engine", OWN_ENGINES)
async def test_what_comes_on_a_connection_while_the_hook_decides_is_no_answer_and_nothing_leaves_over_it(
    engine: str, late: str, ending: str, over_tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(connection: Connection) -> None:
        asked = await connection.read()
        await connection.write(http(answered(asked.phones)))
        if gateway.connections > 1:
            return
        await deciding.wait()
        connection.writer.write(LATE[late])
        if ending == "cut":
            connection.writer.transport.abort()
        elif ending == "closed":
            connection.writer.close()
        ended.set()
        await connection.until_left()

    async def yes_later() -> bool:
        deciding.set()
        await ended.wait()
        for _ in range(10):  # until all of it has left, and whoever reads as soon as there is something has read it
            await asyncio.sleep(0)
        return True

    monkeypatch.setenv("SSL_CERT_FILE", str(DATA / "loopback.pem"))
    deciding, ended, gateway = asyncio.Event(), asyncio.Event(), RawGateway(act, trusted() if over_tls else None)
    async with gateway.serve() as url, engine_of(engine) as http_client:
        transport = Transport(Gates(1), http_client)
        body = Sealed(b'{"phone": ["+12125551234"], "message": "Hello"}', Secret(KEY))
        assert isinstance(await transport.post(url, body, *in_time(), always), Answer)
        happened = await transport.post(url, body, *in_time(), yes_later)
        assert isinstance(happened, NotSent)
        assert happened.again
        assert "it was cut before anything was sent" in happened.error
        assert (gateway.connections, gateway.requests) == (1, 1)
        assert isinstance(await transport.post(url, body, *in_time(), always), Answer)
        assert (gateway.connections, gateway.requests) == (2, 2)
        await transport.aclose()


@OVER_TLS
@pytest.mark.parametrize("engine", OWN_ENGINES)
async def test_what_has_not_left_by_the_deadline_never_leaves(
    engine: str, over_tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(connection: Connection) -> None:
        await connection.reader.readuntil(b"\r\n\r\n")
        await over.wait()
        read.append(0)
        with contextlib.suppress(ConnectionError):
            while piece := await connection.reader.read(1_000_000):
                read[0] += len(piece)
        ended.set()

    monkeypatch.setenv("SSL_CERT_FILE", str(DATA / "loopback.pem"))
    read: list[int] = []
    over, ended, gateway = asyncio.Event(), asyncio.Event(), RawGateway(act, trusted() if over_tls else None)
    async with asyncio.timeout(PATIENCE), gateway.serve() as url, engine_of(engine) as http_client:
        transport, size = Transport(Gates(1), http_client), 50_000_000
        happened = await transport.post(url, Sealed(b" " * size, Secret(KEY)), *in_time(0.5), always)
        assert isinstance(happened, NoAnswer)
        await transport.aclose()
        over.set()
        await ended.wait()
    assert read[0] < size


@pytest.mark.parametrize("engine", OWN_ENGINES)
async def test_an_engine_with_a_request_that_nobody_reads_is_closed_at_once(engine: str) -> None:
    async def act(connection: Connection) -> None:
        await connection.reader.readuntil(b"\r\n\r\n")
        await asyncio.Event().wait()

    async with asyncio.timeout(PATIENCE), RawGateway(act).serve() as url, engine_of(engine) as http_client:
        transport = Transport(Gates(1), http_client)
        posting = asyncio.create_task(
            transport.post(url, Sealed(b" " * 50_000_000, Secret(KEY)), *in_time(10 * PATIENCE), always)
        )
        while not (transport._engine is not None and sockets()):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await (http_client or transport).aclose()
        assert isinstance(await posting, NoAnswer)


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_handshake_that_is_aborted_leaves_no_connection_open(engine: str) -> None:
    async def act(connection: Connection) -> None:
        begun.set()
        await connection.until_left()
        left.set()

    begun, left = asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(PATIENCE), RawGateway(act).serve() as url, engine_of(engine) as http_client:
        url = url.replace("http:", "https:")
        client = AsyncClient(api_key=KEY, url=url, http_client=http_client, quota=MemoryQuota(), pace=None)
        sending = asyncio.create_task(client.send(PHONES[0], "Hello"))
        await begun.wait()
        await client.aclose(grace=0.1)
        with pytest.raises(SendError):
            await sending
        await left.wait()


async def always() -> bool:
    return True


async def sent_over(engine: str, act: Handler) -> Status:
    """What becomes of a text to a gateway that acts so."""
    async with (
        RawGateway(act).serve() as url,
        engine_of(engine) as http_client,
        AsyncClient(api_key=KEY, url=url, http_client=http_client, quota=MemoryQuota(), pace=None) as client,
    ):
        return (await client.send(PHONES[0], "Hello")).status


@pytest.mark.parametrize("engine", OWN_ENGINES)
async def test_an_encoding_that_is_written_several_times_is_a_list(engine: str) -> None:
    async def act(connection: Connection) -> None:
        asked = await connection.read()
        body = gzip.compress(gzip.compress(json.dumps(answered(asked.phones)).encode()))
        head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nContent-Encoding: gzip\r\nRETRY-AFTER: 3\r\n"
        await connection.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    assert await sent_over(engine, act) is Status.ACCEPTED


@pytest.mark.parametrize("engine", OWN_ENGINES)
async def test_answers_that_say_to_wait_may_be_many_at_once(engine: str) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </%s>\r\n\r\n" % (b"a" * 60_000)

    async def act(connection: Connection) -> None:
        asked = await connection.read()
        await connection.write(3 * hints + 20_000 * b"HTTP/1.1 100 Continue\r\n\r\n" + http(answered(asked.phones)))

    assert await sent_over(engine, act) is Status.ACCEPTED


@pytest.mark.skipif(sys.platform == "win32", reason="there are no descriptors to run out of")
@pytest.mark.parametrize("first", [True, False], ids=["at the first request", "later"])
@pytest.mark.parametrize("engine", ENGINES)
async def test_a_process_without_descriptors_says_so_and_nothing_was_sent(engine: str, first: bool) -> None:
    import resource

    sandbox = Sandbox(keys={KEY: 99})
    options: dict[str, Any] = {"quota": MemoryQuota(), "pace": None, "max_retries": 0}
    async with (
        sandbox.serve() as url,
        engine_of(engine) as http_client,
        AsyncClient(api_key=KEY, url=url, http_client=http_client, **options) as client,
    ):
        if not first:
            with pytest.raises(ConnectionFailedError):
                await client.with_options(url="http://127.0.0.1:9/").send(PHONES[0], "Hello")
        before = sandbox.requests
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        taken: list[int] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 400), hard))
        try:
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            pass
        try:
            with pytest.raises(ConnectionFailedError, match="Too many open files") as failed:
                await client.send(PHONES[1], "Hello")
        finally:
            for descriptor in taken:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert failed.value.code == "CONNECTION_FAILED"
        assert (sandbox.requests, (await client.quota_status()).limits[0].used) == (before, before)
        assert (await client.send(PHONES[1], "Hello")).status is Status.ACCEPTED
