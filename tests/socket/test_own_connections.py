"""The connections of every engine: whom they trust, and what is said of a system that has no more of them to give."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import AsyncClient, ConnectionFailedError, MemoryQuota, Status
from customersms_async._core.happened import Answer, NotSent
from customersms_async._core.secret import Sealed
from customersms_async._http.connections import Gates
from customersms_async._http.transport import Transport
from customersms_async.sandbox import Sandbox
from support.broken_gateways import KEY, Connection, RawGateway, answered, http, page
from support.engines import ENGINES, OWN_ENGINES, engine_of
from support.places import DATA
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.parametrize("over_tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("ending", ["closed", "cut", "followed by bytes"])
@pytest.mark.parametrize("engine", OWN_ENGINES)
async def test_a_connection_that_ends_while_the_hook_decides_has_carried_nothing(
    engine: str, ending: str, over_tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(connection: Connection) -> None:
        asked = await connection.read()
        await connection.write(http(answered(asked.phones)))
        if gateway.connections > 1:
            return
        await deciding.wait()
        if ending == "followed by bytes":
            connection.writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        if ending == "cut":
            connection.writer.transport.abort()
        else:
            connection.writer.close()
        ended.set()

    async def yes() -> bool:
        return True

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
        body = Sealed(b'{"phone": ["+12125551234"], "message": "Hello"}')
        assert isinstance(await transport.post(url, body, lambda: PATIENCE, yes), Answer)
        happened = await transport.post(url, body, lambda: PATIENCE, yes_later)
        assert isinstance(happened, NotSent)
        assert happened.again
        assert "it was cut before anything was sent" in happened.error
        assert gateway.connections == 1
        assert isinstance(await transport.post(url, body, lambda: PATIENCE, yes), Answer)
        assert gateway.connections == 2
        await transport.aclose()


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
