"""The doctor's look at the way to the gateway, over real sockets of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING

import pytest

from customersms_async.cli.doctor.finding import Finding, PartHealth
from customersms_async.cli.doctor.gateway_path import PARTS, path_findings
from support.broken_gateways import RawGateway
from support.places import DATA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from support.broken_gateways import Connection

PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture(autouse=True)
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(DATA / "loopback.pem"))


@contextlib.asynccontextmanager
async def listening(tls: str | None = "loopback.pem", answer: bytes = b"") -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port of this machine, and what was read there; it says ``answer`` once something has come."""
    read: list[bytes] = []

    async def act(connection: Connection) -> None:
        if data := await connection.reader.read(65_536):
            read.append(data)
            await connection.write(answer)
            await connection.reader.read(65_536)

    context = None
    if tls is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(DATA / tls)
    async with RawGateway(act, context).serve() as url:
        yield int(url.rpartition(":")[2].strip("/")), read


async def found(url: str, timeout: float = 5.0) -> dict[str, Finding]:
    findings = await path_findings(url, timeout)
    assert [each.part for each in findings] == list(PARTS)
    return {each.part: each for each in findings}


def healths(findings: dict[str, Finding]) -> list[PartHealth]:
    return [each.health for each in findings.values()]


OK, WRONG, SKIPPED = PartHealth.OK, PartHealth.WRONG, PartHealth.SKIPPED


async def test_a_way_that_is_well_is_gone_to_its_end_and_nothing_is_sent() -> None:
    async with listening() as (port, read):
        findings = await found(f"https://127.0.0.1:{port}/")
    assert healths(findings) == [OK] * 5
    assert findings["TLS"].found.startswith("TLSv1.3, and a certificate that is trusted for ")
    assert read == []


async def test_plain_http_to_this_machine_has_no_tls() -> None:
    async with listening(None) as (port, read):
        findings = await found(f"http://127.0.0.1:{port}/")
    assert healths(findings) == [OK] * 5
    assert read == []


async def test_a_certificate_that_is_not_trusted_is_wrong() -> None:
    async with listening("self-signed.pem") as (port, _):
        findings = await found(f"https://127.0.0.1:{port}/")
    assert healths(findings) == [OK, OK, OK, OK, WRONG]
    assert f"the TLS certificate of 127.0.0.1:{port} was refused (self-signed certificate)" in findings["TLS"].found


async def test_a_port_that_does_not_speak_tls_is_wrong() -> None:
    async with listening(None, b"HTTP/1.1 400 Bad Request\r\n\r\n") as (port, _):
        findings = await found(f"https://127.0.0.1:{port}/")
    assert findings["TLS"].health is WRONG
    assert f"127.0.0.1:{port} does not speak TLS (WRONG_VERSION_NUMBER)" in findings["TLS"].found


async def test_who_does_not_answer_in_time_is_wrong() -> None:
    async with listening(None) as (port, _):
        findings = await found(f"https://127.0.0.1:{port}/", 0.05)
    assert f"the TLS handshake with 127.0.0.1:{port} took too long" in findings["TLS"].found


async def test_a_refused_connection_is_wrong_and_what_comes_after_it_is_not_looked_at() -> None:
    findings = await found("https://127.0.0.1:9/")
    assert healths(findings) == [OK, OK, OK, WRONG, SKIPPED]
    assert "connections are refused there" in findings["connection"].found
    assert findings["TLS"].found == "not looked at, as the connection is wrong"


async def test_a_name_that_can_not_be_is_wrong() -> None:
    findings = await found(f"https://{'a' * 70}.invalid/")
    assert healths(findings) == [OK, OK, WRONG, SKIPPED, SKIPPED]


async def test_authorities_that_are_not_there_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    findings = await found("https://127.0.0.1:9/")
    assert healths(findings) == [WRONG, SKIPPED, SKIPPED, SKIPPED, SKIPPED]
    assert findings["authorities"].found.startswith("SSL_CERT_FILE names /nowhere.pem")


async def test_a_proxy_that_can_not_be_used_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks://127.0.0.1:1")
    findings = await found("https://127.0.0.1:9/")
    assert healths(findings) == [OK, WRONG, SKIPPED, SKIPPED, SKIPPED]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "answered 407: it wants a user and a password"),
        (b"nothing of the kind\r\n\r\n", "made no connection to gateway.test:443"),
    ],
)
async def test_what_a_proxy_refuses_is_said_and_it_is_asked_for_a_connection_alone(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, words: str
) -> None:
    async with listening(None, answer) as (port, read):
        monkeypatch.setenv("HTTPS_PROXY", f"http://ann:secret@127.0.0.1:{port}")
        findings = await found("https://gateway.test/", 0.5)
    assert f"the proxy 127.0.0.1:{port} (HTTPS_PROXY) {words}" in findings["connection"].found
    assert healths(findings) == [OK, OK, OK, WRONG, SKIPPED]
    (head,) = read
    assert head.startswith(
        b"CONNECT gateway.test:443 HTTP/1.1\r\nHost: gateway.test:443\r\nProxy-Authorization: Basic "
    )
    assert head.endswith(b"YW5uOnNlY3JldA==\r\n\r\n")
    assert "secret" not in str(findings)


async def test_the_gateway_is_looked_at_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening() as (port, read):

        async def proxying(connection: Connection) -> None:
            await connection.reader.readuntil(b"\r\n\r\n")
            there, back = await asyncio.open_connection("127.0.0.1", port)
            await connection.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            try:
                await asyncio.gather(pipe(connection.reader, back.write), pipe(there, connection.writer.write))
            finally:
                back.transport.abort()

        async with RawGateway(proxying).serve() as proxy:
            monkeypatch.setenv("ALL_PROXY", proxy)
            findings = await found(f"https://127.0.0.1:{port}/")
            assert healths(findings) == [OK] * 5
            assert findings["proxy"].found.endswith("(ALL_PROXY)")
    assert read == []


async def pipe(reader: asyncio.StreamReader, write: Callable[[bytes], None]) -> None:
    while data := await reader.read(65_536):
        write(data)
