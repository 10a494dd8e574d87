"""The place of a campaign in a database: its URL, its name there, and how its runs share it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from ..._postgres import server, server_url
from ..._postgres.server_url import WrittenURL
from ...errors import ConfigurationError

DEFAULT_LEASE: Final = 30.0
"""Seconds for which a process that runs campaigns counts as alive after it was heard of."""

_OPTIONS: Final = frozenset({"lease", "failover"})
"""Options of ours behind the question mark; libpq knows none of them."""

_SHORTEST_LEASE: Final = 1.0
_MOST_LETTERS: Final = 100
_LAST_CONTROL: Final = "\x1f"


class DatabasePlace(NamedTuple):
    """Where a campaign is: ``url`` is libpq's, ``lease`` is in seconds, ``failover`` is ``"stop"`` or ``"trust"``.

    Without a ``name`` it is a database, where any number of campaigns may be.
    """

    url: str
    name: str
    lease: float
    failover: str

    def __repr__(self) -> str:
        return f"<{self.shown}>"

    @property
    def shown(self) -> str:
        """The place without user, password and options."""
        return f"{server_url.shown(self.url)}#{self.name}".removesuffix("#")


def read_database(address: str) -> DatabasePlace:
    """The place that ``postgresql://host/database?lease=30&failover=stop`` says; the part behind ``#`` is its name.

    Raises ``ConfigurationError`` for what can't be used, without a word of the address: it may hold a password.
    """
    written, name = _name_apart(address)
    bare, options = WrittenURL.of(written).without_options(_OPTIONS)
    server.check(str(bare), "a campaign")
    return DatabasePlace(str(bare), name, _lease(options.get("lease")), _failover(options.get("failover", "stop")))


def read_place(address: str, name: str | None) -> DatabasePlace:
    """The place that ``postgresql://host/database?lease=30&failover=stop#NAME`` says, or with the name apart.

    Raises ``ConfigurationError`` as ``read_database`` does, and for a name that can be none.
    """
    database = read_database(address)
    if name and database.name and name != database.name:
        raise ConfigurationError(f"the campaign's name is given twice: {name!r}, and another behind the address's #")
    return database._replace(name=_name(name or database.name))


def without_password(address: str) -> str:
    """The address of a campaign, which leads there again for who has the password elsewhere."""
    written, named = _name_apart(address)
    name = re.sub("[%#@]", lambda found: quote(found[0]), named)
    return f"{WrittenURL.of(written).without_password()}#{name}"


def _name_apart(address: str) -> tuple[str, str]:
    """The URL, and the name that stands behind its last ``#``, for in a password libpq takes that as it is."""
    url, mark, name = address.rpartition("#")
    if mark and "@" in name:  # what stands before the name can be a password
        raise ConfigurationError(
            "a campaign's name stands behind the last # of its address: write %40 for an @ in it, and %23 for a # in a"
            " password"
        )
    if mark and WrittenURL.of(url).ends_in_secret:  # what stands behind it can be more of that
        raise ConfigurationError(
            "the # of a campaign's address stands right behind a password: write %23 for a # in it, and another option,"
            " such as lease=30, between the password and # and the campaign's name"
        )
    return (url, unquote(name)) if mark else (address, "")


def _name(name: str) -> str:
    if not name:
        raise ConfigurationError("a database holds many campaigns: say which, as in postgresql://host/database#spring")
    if len(name) > _MOST_LETTERS or name != name.strip() or min(name) <= _LAST_CONTROL or not name.isprintable():
        raise ConfigurationError(f"a campaign's name has at most {_MOST_LETTERS} printable characters")
    return name


def _lease(given: str | None) -> float:
    if given is None:
        return DEFAULT_LEASE
    try:
        lease = float(given)
    except ValueError:
        lease = 0.0
    if not _SHORTEST_LEASE <= lease < float("inf"):
        raise ConfigurationError(f"lease must be a number of seconds, {_SHORTEST_LEASE:g} or more")
    return lease


def _failover(given: str) -> str:
    if given not in server.FAILOVERS:
        raise ConfigurationError(f"failover must be {' or '.join(server.FAILOVERS)}")
    return given
