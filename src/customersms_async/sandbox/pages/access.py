"""Who may ask a page: this machine's people, and none of the pages of others that they have open.

Pure. A page of somebody else's can reach a program on the machine of whoever looks at it. Two things keep it out:

- Its name may be made to mean this machine (DNS rebinding), and then its browser would let it read all. So the ``Host``
  must be an address, ``localhost``, or a name that the program was told.
- It may send what it can't read the answer to. So whatever changes something is ``PUT`` or ``DELETE``, which no page
  may send elsewhere unasked, and a browser's ``Origin`` and ``Sec-Fetch-Site`` must be the page's own.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_LOCAL: Final = "localhost"
_SCHEMES: Final = ("http", "https")  # the second where a proxy stands before it


def refusal(method: str, headers: Mapping[str, str], names: Collection[str]) -> str | None:
    """Why the page doesn't answer this request; ``None`` if it does. ``headers`` have lower-case names."""
    host = headers.get("host", "")
    name = _name(host)
    if name is None or not _known(name, names):
        advice = f"; start it with --allow-host {name} if it is" if name is not None else ""
        return f"Host is not known to be this machine's{advice}"
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"} and not _opens_page(method, headers):
        return "another site's page may not ask this"
    if method in {"GET", "HEAD"}:
        return None
    if headers.get("origin", f"http://{host}").lower() not in {f"{scheme}://{host.lower()}" for scheme in _SCHEMES}:
        return "another site's page may not change anything"
    return None


def _opens_page(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a person follows a link to the page, as from a page of documentation."""
    return method == "GET" and headers.get("sec-fetch-mode") == "navigate"


def _name(host: str) -> str | None:
    """The host's name or address in lower case, without its port; ``None`` if it can't be read."""
    if not host or set(host) & set("/?#@\\ \t"):
        return None
    try:
        parts = urlsplit(f"http://{host}")
        _ = parts.port
        return parts.hostname
    except ValueError:
        return None


def _known(name: str, names: Collection[str]) -> bool:
    if name == _LOCAL or name.endswith(f".{_LOCAL}") or name in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
