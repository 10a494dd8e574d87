"""Words for what kept a request from leaving: each names the host, and says what to look at next.

They are made when something has failed, so that a request that goes well costs nothing more.
"""

from __future__ import annotations

import errno
import os
import re
import socket
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self
from urllib.parse import urlsplit

from .proxies import Proxy, proxy_for, written
from .setup_problem import SetupProblem
from .tls import authorities

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

_OF_URL: Final = "see url=… or CUSTOMERSMS_URL"


class ConnectionSteps(Protocol):
    """How far a connection for ``url`` has come: to whom it was opened last, and whether TLS was next."""

    url: str
    peer: tuple[str, int] | None
    handshaking: bool


class Peer(NamedTuple):
    """Whom a connection was opened to: the gateway, or the proxy on the way to it.

    ``proxy`` is the one that the environment names, if that is whom it was opened to.
    """

    host: str
    place: str
    gateway: str
    is_gateway: bool
    proxy: Proxy | None
    handshaking: bool

    @classmethod
    def of(cls, chain: Sequence[BaseException], progress: ConnectionSteps) -> Self:
        """What is known of the other end, from the steps that the engine reported, or from the error."""
        parts = urlsplit(progress.url)
        gateway = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        at = progress.peer or next((found for link in chain if (found := _named(link))), gateway)
        proxy = None if at == gateway else _proxy_at(at, progress.url)
        return cls(at[0], written(*at), written(*gateway), at == gateway, proxy, progress.handshaking)

    @property
    def name(self) -> str:
        """The name for people."""
        if self.is_gateway:
            return self.place
        return "the proxy " + (self.place if self.proxy is None else self.proxy.place)

    @property
    def see(self) -> str:
        """Where the address of the gateway or proxy is from."""
        if self.is_gateway:
            return _OF_URL
        return "see the proxy's address" if self.proxy is None else f"see {self.proxy.named_by}"


def _named(error: BaseException) -> tuple[str, int] | None:
    """The host and port that an error of aiohttp's names."""
    host, port = getattr(error, "host", None), getattr(error, "port", None)
    return (host, port) if isinstance(host, str) and isinstance(port, int) else None


def _proxy_at(at: tuple[str, int], url: str) -> Proxy | None:
    try:
        proxy = proxy_for(url)
    except (SetupProblem, OSError, ImportError):  # it may be imported now, and the process be out of descriptors
        return None
    return proxy if proxy is not None and proxy.place.startswith(f"{written(*at)} ") else None


def lookup_words(chain: Sequence[BaseException], peer: Peer) -> tuple[str, bool] | None:
    """The words for a name that can't be looked up, and whether another try may do better; else ``None``."""
    name = peer.host if peer.is_gateway else f"{peer.host} (the proxy)"
    for link in chain:
        if isinstance(link, socket.gaierror):
            why = f"({link.strerror or type(link).__name__})"
            return f"the name {name} can't be looked up {why}: {peer.see}, and whether this machine has DNS", True
        if isinstance(link, UnicodeError):
            return f"the name {name} can be none: {peer.see}", False
    return None


def timeout_words(peer: Peer) -> str:
    """The words for a connection that took too long."""
    if peer.handshaking:
        return f"the TLS handshake with {peer.name} took too long: {peer.see}, and whether it speaks TLS"
    return f"no connection to {peer.name} was made in time: {peer.see}, and whether a firewall lets nothing through"


_EXPIRED: Final = (9, 10)
"""OpenSSL's numbers for a certificate that is not valid yet, or no more."""

_OF_ANOTHER: Final = (62, 64)
"""OpenSSL's numbers for a certificate of another host or address."""


def certificate_words(error: ssl.SSLCertVerificationError, peer: Peer) -> str:
    """The words for a refused certificate, by what OpenSSL has against it."""
    why = str(getattr(error, "verify_message", "")).rstrip(".") or "no reason is known"
    code = getattr(error, "verify_code", None)
    if code in _EXPIRED:
        what = "see this machine's clock, else its owner must renew it"
    elif code in _OF_ANOTHER:
        what = f"it belongs to another host: {_OF_URL}"
    else:
        what = f"nobody vouches for it in {authorities()}; name the file of its authority in SSL_CERT_FILE"
    return f"the TLS certificate of {peer.name} was refused ({why}): {what}"


_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNKNOWN_PROTOCOL"})


def tls_words(error: ssl.SSLError, peer: Peer) -> tuple[str, bool]:
    """The words for a TLS handshake that failed, and whether another try may do better."""
    reason = error.reason if re.fullmatch(r"\w+", str(error.reason)) else type(error).__name__
    if reason in _NO_TLS:
        if not peer.is_gateway:
            return f"{peer.name} does not speak TLS ({reason}): its address begins with https://, so try http://", False
        return f"{peer.name} does not speak TLS ({reason}): {peer.see}; the port may be another's", False
    return f"the TLS handshake with {peer.name} failed ({reason})", True


def proxy_words(error: BaseException, peer: Peer) -> tuple[str, bool]:
    """The words for a proxy that makes no connection, and whether another try may do better."""
    name = peer.name if not peer.is_gateway else "the proxy"
    said = re.match(r"[1-5]\d\d\b", str(error))
    if said is None:
        return f"{name} made no connection to {peer.gateway}", True
    if said[0] == "407":
        return f"{name} answered 407: it wants a user and a password, as in http://user:password@host:port", False
    if said[0] < "500":
        return (
            f"{name} answered {said[0]}: it lets nothing through to {peer.gateway}; see it, or NO_PROXY",
            False,
        )
    return f"{name} answered {said[0]}: it can't reach {peer.gateway}", True


_WHY: Final = {
    errno.ECONNREFUSED: "connections are refused there",
    errno.ECONNRESET: "it was cut before anything was sent",
    errno.ENETUNREACH: "this machine has no way to that network",
    errno.EHOSTUNREACH: "that host can't be reached from here",
    errno.EMFILE: "this process has too many files open, as ulimit -n says",
    errno.ENFILE: "this machine has too many files open",
}


def connect_words(error: Exception, failures: Sequence[OSError], peer: Peer) -> str:
    """The words for a connection that could not be made, by the deepest error that tells something."""
    telling = [each for each in failures if type(each) is not OSError or each.errno is not None]
    if not telling:
        return f"no connection to {peer.name} could be made ({type(error).__name__})"
    deepest = telling[-1]
    number = deepest.errno
    why = f"{_WHY[number]} " if number in _WHY else ""
    name = os.strerror(number) if type(deepest) is OSError and number is not None else type(deepest).__name__
    return f"no connection to {peer.name} could be made: {why}({name}); {peer.see}"
