"""The proxy for https that the environment names, and for whom it names none.

It is the one that the standard library finds. Of ``NO_PROXY`` more is understood than there: ``host:port``,
``*.domain`` and networks such as ``10.0.0.0/8``, as curl, Go and most other programs read it.
"""

from __future__ import annotations

import ipaddress
import os
import re
from importlib.util import find_spec
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from .setup_problem import SetupProblem

_PLAIN: Final = ("http", "https")
_SOCKS: Final = ("socks5", "socks5h")


class Proxy(NamedTuple):
    """A proxy: its URL, which may hold a password, and what names it: a variable, or the system's settings."""

    url: str
    named_by: str

    def __repr__(self) -> str:
        return f"<proxy {self.place}>"

    @property
    def place(self) -> str:
        """Where the proxy is, for people: ``host:port (HTTPS_PROXY)``."""
        parts = urlsplit(self.url)
        return f"{written(parts.hostname or '', parts.port or _default_port(parts.scheme))} ({self.named_by})"


def proxy_for(url: str) -> Proxy | None:
    """The proxy on the way to ``url``; plain http goes to this machine, and past all of them.

    Raises ``SetupProblem`` for one that can't be used.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _default_port(parts.scheme)
    if parts.scheme != "https":
        return None
    from urllib.request import getproxies  # here, as it takes 20 ms, and who sends nothing has no need of it

    if _goes_past(host, port):
        return None
    named = getproxies()
    for kind in ("https", "all"):
        if proxy := named.get(kind):
            return _checked(Proxy(proxy if "://" in proxy else f"http://{proxy}", _variable(kind)))
    return None


def written(host: str, port: int) -> str:
    """A host and its port as a URL has them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _checked(proxy: Proxy) -> Proxy:
    scheme = proxy.url.partition("://")[0].lower()
    if scheme not in (*_PLAIN, *_SOCKS):
        raise SetupProblem(
            f"the proxy in {proxy.named_by} begins with {scheme}://, which is not known: write http://, https:// or"
            " socks5://"
        )
    try:
        parts = urlsplit(proxy.url)
        readable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        readable = False
    if not readable:
        raise SetupProblem(f"the proxy in {proxy.named_by} can't be read: write it as http://host:port")
    if scheme in _SOCKS and find_spec("socksio") is None:
        raise SetupProblem(
            f"the proxy in {proxy.named_by} is a SOCKS proxy, which takes one more package: pip install 'httpx[socks]'"
        )
    return proxy


def _variable(kind: str) -> str:
    names = (f"{kind}_proxy", f"{kind}_proxy".upper())
    return next((name for name in names if os.environ.get(name)), "this machine's settings")


def _default_port(scheme: str) -> int:
    return {"http": 80, "https": 443}.get(scheme, 1080)


def _goes_past(host: str, port: int) -> bool:
    """Whether ``NO_PROXY``, or the system's settings, have ``host`` asked without a proxy."""
    from urllib.request import proxy_bypass

    if proxy_bypass(host) or proxy_bypass(written(host, port)):
        return True
    listed = re.split(r"[,\s]+", os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "")
    return any(_is_meant(entry.lower(), host, port) for entry in listed if entry)


def _is_meant(entry: str, host: str, port: int) -> bool:
    if entry in ("*", host, f"[{host}]", written(host, port)):
        return True
    if "/" in entry:
        return _is_in_network(entry, host)
    domain = "." + entry.removesuffix(f":{port}").removeprefix("*").lstrip(".")
    return host.endswith(domain)


def _is_in_network(network: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
