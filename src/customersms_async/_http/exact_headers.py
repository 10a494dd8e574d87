"""Exactly our headers in a request, and no cookie out of its answer, whoever is at work between us and the network.

A caller's client has headers, cookies and parameters of its own, its hooks may add more, and so does a library that
instruments all HTTP clients (``traceparent``): the gateway has no business with any of it. So a request of httpx's
shape is put right when a caller's client has built it, and once more at the last moment, when httpcore is about to
write its head. ``fast`` writes its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class WireUrl(Protocol):
    """The URL of a request as httpcore knows it."""

    @property
    def host(self) -> bytes:
        """The name, or the address without brackets."""

    @property
    def port(self) -> int | None:
        """The port, unless it is the scheme's own."""


class WireRequest(Protocol):
    """A request as httpcore is about to write it."""

    @property
    def url(self) -> WireUrl:
        """Where the request goes."""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The request's headers, in order."""


def make_exact(request: Any, url: str, headers: Mapping[str, str]) -> None:
    """Give a request that a client of httpx's shape has built our URL and headers alone; leave any other as it is."""
    if not hasattr(request, "url") or not hasattr(getattr(request, "headers", None), "multi_items"):
        return
    request.url = type(request.url)(url)
    host = request.url.netloc.decode("ascii")
    request.headers = type(request.headers)([("Host", host), *headers.items()])


def make_exact_on_the_wire(request: WireRequest, headers: Mapping[str, str]) -> None:
    """Give a request that is about to be written our headers alone."""
    host, port = request.url.host, request.url.port
    name = b"[%b]" % host if b":" in host else host
    request.headers[:] = [
        (b"Host", name if port is None else b"%b:%d" % (name, port)),
        *((name.encode(), value.encode()) for name, value in headers.items()),
    ]


def drop_cookies(answer: object) -> None:
    """Take the cookies out of the head of an answer that httpcore has read: a caller's client would keep them.

    A gateway that echoes the key could leave it there.
    """
    headers = answer[-1] if isinstance(answer, tuple) and answer else None
    if isinstance(headers, list):
        headers[:] = [pair for pair in headers if pair[0].lower() != b"set-cookie"]
