"""The address of a PostgreSQL server: whether it can be used, what of it may be shown, and how a connection is made.

It is what psycopg takes: a URL, or ``key=value`` words, or nothing at all. What it does not say comes from ``PG*``
variables, a service file and a password file, as in every program that uses libpq.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from psycopg import Connection

_SCHEMES: Final = ("postgresql://", "postgres://")

_WRITTEN: Final = re.compile(r"(?s)([A-Za-z]+://)([^@/]*@)?([^?]*)(\??)(.*)")
"""A URL as libpq takes it apart: a user and a password end at the first ``@``, if that comes before any slash."""

_SECRET_OPTIONS: Final = frozenset(
    {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
)

_SHORTEST: Final = 2
"""Seconds that libpq takes for a connection at least, whatever it is told."""


class WrittenURL(NamedTuple):
    """The pieces of a URL, as they are written: one after the other they are the URL.

    ``user`` has its password, and ends in ``@`` unless it is empty; ``mark`` is the question mark before ``options``.
    """

    scheme: str
    user: str
    place: str
    mark: str
    options: str

    @classmethod
    def of(cls, url: str) -> WrittenURL:
        """The pieces of a URL with a scheme. Raises ``ValueError`` for anything else."""
        found = _WRITTEN.fullmatch(url)
        if found is None:
            raise ValueError("no URL")
        return cls(*(piece or "" for piece in found.groups()))

    @property
    def ends_in_secret(self) -> bool:
        """Whether its last option is one that holds a secret."""
        name, _, _ = self.options.rpartition("&")[2].partition("=")
        return unquote(name) in _SECRET_OPTIONS

    def without_options(self, names: frozenset[str]) -> tuple[WrittenURL, dict[str, str]]:
        """The URL without the options of these names, and what they were; the others stay as they are written."""
        kept, found = [], {}
        for option in filter(None, self.options.split("&")):
            name, _, value = option.partition("=")
            if unquote(name) in names:
                found[unquote(name)] = unquote(value)
            else:
                kept.append(option)
        return self._replace(mark="?" if kept else "", options="&".join(kept)), found

    def without_password(self) -> WrittenURL:
        """The URL with its user and options, and without any secret."""
        name, colon, _ = self.user.partition(":")
        bare, _ = self.without_options(_SECRET_OPTIONS)
        return bare._replace(user=f"{name}@" if colon and name else "" if colon else self.user)

    def __repr__(self) -> str:
        return f"<{self.without_password()}>"

    def __str__(self) -> str:
        return "".join(self)


_WORDS: Final = re.compile(
    r"(?is)\s*(?:host|hostaddr|port|dbname|user|service|passfile|sslmode)\s*=|(?:.*\s)?\w*password\s*="
)


def is_words(text: str) -> bool:
    """Whether that is an address in libpq's ``key=value`` words, and no file's path: it may hold a password."""
    return _WORDS.match(text) is not None


def check(url: str, store: str) -> None:
    """Raise ``ConfigurationError`` for an address that can't be used, without a word of it: it may hold a password."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    is_url = url.lower().startswith(_SCHEMES)
    try:
        if not is_url and ("://" in url or (url and "=" not in url)):
            raise ValueError
        known = conninfo_to_dict(url)
        if is_url and not _is_plain(url, str(known.get("port") or "")):
            raise ValueError
    except (psycopg.Error, ValueError):
        readable = False
    else:
        readable = True
    if not readable:
        raise ConfigurationError(
            f"{store} can't read its URL: postgresql://user@host/database, with a password's special characters"
            " percent-encoded, and options that libpq knows"
        )


def _is_plain(url: str, ports: str) -> bool:
    """Whether nothing of a password can have come into the host, the port or the database, which are shown.

    That is where it comes with a slash or an ``@`` in it that is not percent-encoded.
    """
    return "@" not in WrittenURL.of(url).place and all(not port or port.isdecimal() for port in ports.split(","))


def parts(url: str) -> dict[str, Any]:
    """What the address says, by libpq's names."""
    from psycopg.conninfo import conninfo_to_dict

    return dict(conninfo_to_dict(url))


def password_of(url: str) -> str:
    """The password, or ``""``."""
    return str(parts(url).get("password") or os.environ.get("PGPASSWORD") or "")


def shown(url: str) -> str:
    """The address without user, password and options."""
    known = parts(url)
    hosts, ports = str(known.get("host") or "").split(","), str(known.get("port") or "").split(",")
    each = [f"{host}:{ports[min(place, len(ports) - 1)]}" if ports[0] else host for place, host in enumerate(hosts)]
    return f"postgresql://{','.join(each)}/{known.get('dbname') or ''}"


def connect(url: str, timeout: float, left: float) -> Connection:
    """A connection that commits by itself and has no state of its own, and that notices when its server vanishes.

    ``timeout`` (seconds) is for all that is waited for there, and ``left`` is what a caller has left of it now.
    """
    import psycopg

    options = settings(url, timeout)
    if "connect_timeout" in options:
        options["connect_timeout"] = max(_SHORTEST, min(options["connect_timeout"], round(left)))
    return psycopg.connect(url, autocommit=True, prepare_threshold=None, **options)


def settings(url: str, timeout: float) -> dict[str, Any]:
    """What connections to this address have beside what it says itself; ``timeout`` is in seconds."""
    given = parts(url)
    seconds = max(_SHORTEST, round(timeout))
    defaults: dict[str, Any] = {
        "client_encoding": "utf8",
        "fallback_application_name": "customersms",
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 1_000 * seconds,
    }
    if "PGCONNECT_TIMEOUT" not in os.environ:
        defaults["connect_timeout"] = seconds
    return {name: value for name, value in defaults.items() if name not in given or name == "client_encoding"}
