"""The URL of a Redis server: whether it can be used, what it says of connections, and what of it may be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ...errors import ConfigurationError

if TYPE_CHECKING:
    from redis.asyncio import Redis

CONNECTIONS: Final = 50
"""The connections of one event loop to the server, at most, unless the URL has ``max_connections``. A server takes
10,000 by default, from all its clients: a hundred processes have half of them; and more questions at a time would wait
for the server's one thread instead."""

TRIES: Final = 2
"""How often a question is asked in its time: a connection that died unnoticed leaves time to try another."""

_SCHEMES: Final = ("redis://", "rediss://", "unix://")


def check(url: str, store: str) -> None:
    """Raise ``ConfigurationError`` for a URL that can't be used, without a word of it, as it may hold a password."""
    if not _is_readable(url):
        raise ConfigurationError(
            f"{store} can't read its URL: redis://, rediss:// or unix://, with a password's special characters "
            "percent-encoded"
        )
    if not _is_usable(url):
        raise ConfigurationError(
            f"{store} can't use its URL: an option behind the question mark is unknown to redis-py, or has a bad value"
        )


def most_connections(url: str) -> int:
    """How many connections one event loop may have."""
    from redis.asyncio.connection import parse_url

    found: Any = parse_url(url).get("max_connections")
    return found or CONNECTIONS


def password_of(url: str) -> str:
    """The password, or ``""``."""
    from redis.asyncio.connection import parse_url

    return parse_url(url).get("password") or ""


def decodes(url: str) -> bool:
    """Whether answers come as text: redis-py takes any value of the option for yes."""
    from redis.asyncio.connection import parse_url

    return bool(parse_url(url).get("decode_responses"))


def shown(url: str) -> str:
    """The URL without user, password and options."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def new_client(url: str, timeout: float) -> Redis:
    """A client for the running event loop that opens as many connections as are used at a time.

    Whoever asks it sees to the time that an answer may take.
    """
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import ConnectionError, TimeoutError  # noqa: A004 - not the built-in ones

    client = Redis.from_url(
        url,
        **_defaults(url),
        socket_timeout=None,
        socket_connect_timeout=timeout / TRIES,
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[ConnectionError, TimeoutError],  # redis-py 5 retries none by itself
    )
    client.connection_pool.max_connections = 1 << 31  # its pool fails where ours waits
    return client


def _defaults(url: str) -> dict[str, Any]:
    """What holds unless the URL says otherwise, whichever version redis-py has.

    The protocol that every server knows: others begin with ``HELLO``, which servers before 6 answer with an error that
    quotes the password. And a certificate is one for the host that was asked for.
    """
    from redis.asyncio.connection import parse_url

    defaults: dict[str, Any] = {"protocol": 2}
    if url.lower().startswith("rediss:") and "ssl_cert_reqs" not in parse_url(url):
        defaults["ssl_check_hostname"] = True
    return defaults


def _is_readable(url: str) -> bool:
    """Whether redis-py can read the URL; its own error is not shown, as it may quote a password."""
    from redis.asyncio.connection import parse_url

    try:
        parse_url(url)
        parts = urlsplit(url)
    except ValueError:
        return False
    misplaced = "@" in parts.path + parts.fragment and parts.scheme != "unix"
    return url.lower().startswith(_SCHEMES) and not misplaced


def _is_usable(url: str) -> bool:
    """Whether redis-py can make a connection from the URL, which is not opened here."""
    from redis.asyncio import ConnectionPool
    from redis.exceptions import RedisError

    try:
        pool: Any = ConnectionPool.from_url(url, **_defaults(url))
        pool.make_connection()
    except (RedisError, TypeError, ValueError):
        return False
    return True
