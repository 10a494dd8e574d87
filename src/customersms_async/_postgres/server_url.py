"""The address of a PostgreSQL server: whether it can be used, what of it may be shown, and how a connection is made.

It is what psycopg takes: a URL, or ``key=value`` words, or nothing at all. What it does not say comes from ``PG*``
variables, a service file and a password file, as in every program that uses libpq.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from psycopg import Connection

_SCHEMES: Final = ("postgresql://", "postgres://")


def check(url: str, store: str) -> None:
    """Raise ``ConfigurationError`` for an address that can't be used, without a word of it: it may hold a password."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    is_url = url.lower().startswith(_SCHEMES)
    try:
        if not is_url and ("://" in url or (url and "=" not in url)):
            raise ValueError
        conninfo_to_dict(url)
    except (psycopg.Error, ValueError):
        readable = False
    else:
        readable = True
    if not readable:
        raise ConfigurationError(
            f"{store} can't read its URL: postgresql://user@host/database, with a password's special characters"
            " percent-encoded, and options that libpq knows"
        )


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


def connect(url: str, timeout: float) -> Connection:
    """A connection that commits by itself and has no state of its own, and that notices when its server vanishes."""
    import psycopg

    given = parts(url)
    seconds = max(2, round(timeout))
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
    more = {name: value for name, value in defaults.items() if name not in given or name == "client_encoding"}
    return psycopg.connect(url, autocommit=True, prepare_threshold=None, **more)
