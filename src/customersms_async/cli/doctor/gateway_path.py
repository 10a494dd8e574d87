"""The doctor's look at the way to the gateway: authorities, proxy, name, connection, TLS. No request is sent."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import time
from typing import TYPE_CHECKING, Final, final
from urllib.parse import unquote, urlsplit

from ..._http.error_meaning import kept_back
from ..._http.error_words import Peer
from ..._http.proxies import proxy_for, written
from ..._http.setup_problem import SetupProblem
from ..._http.tls import authorities, tls_context
from ..error_words import in_flags
from .finding import Finding, PartHealth, look, ok, skipped, wrong

if TYPE_CHECKING:
    from ..._http.proxies import Proxy

PARTS: Final = ("authorities", "proxy", "name", "connection", "TLS")

_SOON: Final = 14
"""Days: a certificate that ends so soon is worth a word."""


class ProxyError(Exception):
    """The proxy makes no connection; the text begins with its status, as httpx has it."""


async def path_findings(url: str, timeout: float) -> list[Finding]:
    """The findings of each part of the way to ``url``, in order; what follows one that is wrong is skipped."""
    findings: list[Finding] = []
    path = GatewayPath(url, timeout)
    for part, look_at in zip(PARTS, (path.authorities, path.proxy, path.name, path.connection, path.tls), strict=True):
        broken = next((each for each in findings if each.health is PartHealth.WRONG), None)
        findings.append(skipped(part, broken.part) if broken is not None else await look_at())
    await path.aclose()
    return findings


@final
class GatewayPath:
    """The way to one URL, gone step by step: each step needs the ones before it.

    Mutable state: what they found: the judge of certificates, the proxy, whom to connect to (``peer``), the connection.
    """

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        self.url = url
        self.peer: tuple[str, int] | None = None
        self.handshaking: bool = False
        self._is_plain = parts.scheme == "http"
        self._gateway = (parts.hostname or "", parts.port or (80 if self._is_plain else 443))
        self._timeout = timeout
        self._context: ssl.SSLContext | None = None
        self._proxy: Proxy | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def authorities(self) -> Finding:
        """Whom this machine trusts."""
        try:
            self._context = await asyncio.to_thread(tls_context)
        except SetupProblem as problem:
            return wrong("authorities", str(problem), "name a file of certificates in SSL_CERT_FILE, or unset it")
        return ok("authorities", authorities())

    async def proxy(self) -> Finding:
        """Which proxy the environment names for this URL, if any."""
        try:
            self._proxy = proxy_for(self.url)
        except SetupProblem as problem:
            return wrong("proxy", str(problem), "mend that variable, or name the gateway in NO_PROXY")
        self.peer = self._gateway
        if self._proxy is None:
            return ok("proxy", "none")
        parts = urlsplit(self._proxy.url)
        self.peer = parts.hostname or "", parts.port or int(self._proxy.place.rpartition(":")[2].partition(" ")[0])
        return ok("proxy", self._proxy.place)

    async def name(self) -> Finding:
        """Whether the name of whom to connect to can be looked up."""
        assert self.peer is not None  # noqa: S101 - the proxy was looked at
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):
                found = await loop.getaddrinfo(*self.peer, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            return self._wrong("name", error, "see the name, and this machine's network and DNS")
        addresses = dict.fromkeys(str(each[4][0]) for each in found)
        return ok("name", f"{self.peer[0]}: {', '.join(addresses)}")

    async def connection(self) -> Finding:
        """Whether a connection stands, through the proxy if there is one."""
        assert self.peer is not None  # noqa: S101 - the proxy was looked at
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout):
                tls = self._context if self._proxy is not None and self._proxy.url.startswith("https:") else None
                self._reader, self._writer = await asyncio.open_connection(*self.peer, ssl=tls)
                if self._proxy is not None and not self._proxy.url.startswith("socks"):
                    await self._through(self._proxy, self._reader, self._writer)
        except (OSError, ProxyError) as error:
            return self._wrong("connection", error, "see the address, the gateway, and what firewalls let through")
        return ok("connection", f"{written(*self.peer)}, in {(time.monotonic() - began) * 1e3:.0f} ms")

    async def tls(self) -> Finding:
        """Whether the gateway's certificate is trusted, and for how long."""
        assert self._writer is not None  # noqa: S101 - the connection stands
        if self._is_plain:
            return ok("TLS", "none, as the URL is plain http to this machine")
        if self._proxy is not None and self._proxy.url.startswith("socks"):
            return look("TLS", "not looked at through a SOCKS proxy", "send one text to yourself to see it")
        self.handshaking, self.peer = True, self._gateway
        try:
            async with asyncio.timeout(self._timeout):
                await self._writer.start_tls(self._context, server_hostname=self._gateway[0])  # type: ignore[arg-type]  # it was made
        except OSError as error:
            return self._wrong("TLS", error, "see what is said of it")
        return self._certificate(self._writer.get_extra_info("ssl_object"))

    async def aclose(self) -> None:
        """Close the connection."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def _through(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ask the proxy for a connection to the gateway."""
        parts, to = urlsplit(proxy.url), written(*self._gateway)
        lines = [f"CONNECT {to} HTTP/1.1", f"Host: {to}"]
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            lines.append(f"Proxy-Authorization: Basic {base64.b64encode(login.encode()).decode()}")
        writer.write("\r\n".join((*lines, "", "")).encode())
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise ProxyError("it did not answer") from None
        status = head.partition(" ")[2][:3]
        if status != "200":
            raise ProxyError(status)

    def _certificate(self, tls: ssl.SSLObject) -> Finding:
        certificate = tls.getpeercert() or {}
        days = (ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) / 86_400
        found = f"{tls.version()}, and a certificate that is trusted for {days:.0f} more days"
        if days < _SOON:
            return look("TLS", found, "its owner must renew it before then, or nothing will be sent")
        return ok("TLS", found)

    def _wrong(self, part: str, error: Exception, todo: str) -> Finding:
        """The finding of a step that failed, in the words that a send would have."""
        peer = Peer.of([error], self)
        words = kept_back(error, peer, timed_out=isinstance(error, TimeoutError)).error
        return wrong(part, in_flags(words), todo)
