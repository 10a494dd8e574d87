"""The options of a client, and every default: checked once, then only read."""

from __future__ import annotations

import ipaddress
import math
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Final, TypedDict
from urllib.parse import urlsplit

import msgspec

from ..errors import ConfigurationError
from ..models import DOCUMENTED_LIMITS, Caps, Limit
from .provider import DOCUMENTED_URL as DOCUMENTED_URL
from .provider import KEY_PREFIX, encode
from .secret import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .secret import Secret

DEFAULT_RESERVE: Final = 0.05
"""Share of every limit that BULK leaves to more urgent requests: five of the documented hundred a minute."""

DEFAULT_BATCH_SIZE: Final = 100
"""Numbers in one request: an answer that is lost makes no more than so many texts unknown."""

DEFAULT_MAX_CONCURRENCY: Final = 8
"""Requests at a time: few enough for a small host, and enough for the documented limits while an answer takes no more
than four seconds."""

MAX_CONNECTIONS: Final = 320
"""Requests at a time of all keys together, in one event loop: under a third of the 1,024 files that most systems let a
process open, and a text each of 300 keys. One client may have more, by its ``max_concurrency``."""

DEFAULT_MAX_RETRIES: Final = 2
"""Further tries after a failed connection or a 429."""

DEFAULT_TIMEOUT: Final = 30.0
"""Seconds that one whole attempt with one number may take: as long as PHP lets a script run."""

DEFAULT_HEALTH_TIMEOUT: Final = 1.0
"""Seconds that a quota store has to answer a probe, which must be over before the next one comes."""

DEFAULT_PACE: Final = 10.0
"""Requests a second that any PHP host can take, and the pace unless the shortest limit allows more on average."""

LONGEST_LABEL: Final = 64
"""Characters of a label: it stands in every line about its key."""

DEFAULT_STOP_AFTER_UNKNOWN: Final = 5
"""Requests of unknown fate in a row that stop a send to many: the gateway is ill, and every further one makes more."""

DEFAULT_STOP_AFTER_REFUSED: Final = 5
"""Requests refused whole, in a row, that stop a send to many: it is hardly the recipients that are refused."""


class GivenOptions(TypedDict, total=False):
    """Options as a caller gives them, for type checkers: what ``Options`` is made of, before anything is checked."""

    url: str | None
    limits: Limit | Iterable[Limit]
    reserve: float
    pace: Limit | EllipsisType | None
    batch_size: int
    max_concurrency: int
    max_retries: int
    max_wait: float | None
    timeout: float
    label: str | None


class Options(msgspec.Struct, frozen=True):
    """The options of one client, every value in range. Raises ``ConfigurationError`` when made otherwise.

    A ``pace`` of ``...`` is the default one: see ``gentle_pace``. A ``url`` of ``None`` is that of the environment.
    """

    url: str | None
    limits: tuple[Limit, ...] = DOCUMENTED_LIMITS
    reserve: float = DEFAULT_RESERVE
    pace: Limit | EllipsisType | None = ...
    batch_size: int = DEFAULT_BATCH_SIZE
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY
    max_retries: int = DEFAULT_MAX_RETRIES
    max_wait: float | None = None
    timeout: float = DEFAULT_TIMEOUT
    label: str | None = None

    def __post_init__(self) -> None:
        if self.url is not None:
            check_url(self.url)
        if not self.limits or not all(isinstance(limit, Limit) for limit in self.limits):
            raise ConfigurationError("limits must be one or more Limit objects")
        if self.pace is not None and self.pace is not ... and not isinstance(self.pace, Limit):
            raise ConfigurationError("pace must be a Limit, or None for no pace")
        check_number("reserve", self.reserve, 0.0, 0.999)
        check_whole("batch_size", self.batch_size, 1)
        check_whole("max_concurrency", self.max_concurrency, 1)
        check_whole("max_retries", self.max_retries, 0)
        if self.max_wait is not None:
            check_number("max_wait", self.max_wait, 0.0)
        check_number("timeout", self.timeout, 0.001)
        if self.label is not None:
            check_label(self.label)

    @property
    def gentle_pace(self) -> Limit | None:
        """The pace asked for, else ten requests a second, or the shortest limit's own mean rate where it is higher."""
        if not isinstance(self.pace, EllipsisType):
            return self.pace
        shortest = min(self.limits, key=lambda limit: limit.seconds)
        return Limit(math.ceil(max(DEFAULT_PACE, shortest.requests / shortest.seconds)), 1)

    def request_body(self, secret: Secret, phones: Sequence[str], message: str) -> Sealed:
        """The body of a request for one text to ``phones`` (E.164, one or more).

        What an option says of all texts alike would go into it here. Raises ``UnicodeEncodeError`` as ``encode`` does.
        """
        return Sealed(encode(secret.reveal(), phones, message), secret)


def as_limits(limits: Limit | Iterable[Limit]) -> tuple[Limit, ...]:
    """One limit or several, as a tuple; anything else becomes an empty one, for ``Options`` to refuse."""
    if isinstance(limits, Limit):
        return (limits,)
    try:
        return tuple(limits)
    except TypeError:
        return ()


_KEY_STORE: Final = ("hashes", "namespaced", "look", "claim", "end", "unknown", "resolve")
_STORE: Final = ("in_process", "take", "renew", "settle", "give_back", "pause", "forecast_us", "usage")


_CAP_STORE: Final = ("look_at_caps", "take_caps", "end_caps")


def check_parts(
    *, quota: object, http_client: object, idempotency: object = None, caps: object = None, suppression: object = None
) -> None:
    """Raise ``ConfigurationError`` for a store or an HTTP client that can't be one, and caps that can't be kept."""
    if not all(hasattr(quota, name) for name in _STORE):
        raise ConfigurationError(f"quota must be a quota store, such as SQLiteQuota(path), not {type(quota).__name__}")
    if getattr(quota, "in_process", False) and not hasattr(quota, "take_now"):
        raise ConfigurationError(f"{type(quota).__name__} says that it is in_process, but has no take_now")
    if idempotency is not None and not all(hasattr(idempotency, name) for name in _KEY_STORE):
        name = type(idempotency).__name__
        raise ConfigurationError(f"idempotency must be a store of keys, such as SQLiteIdempotency(path), not {name}")
    if caps is not None and not isinstance(caps, Caps):
        name = type(caps).__name__
        raise ConfigurationError(f"caps must be Caps, such as Caps('otp', per_number=[Limit(1, 30)]), not {name}")
    if caps is not None and not all(hasattr(quota, name) for name in _CAP_STORE):
        raise ConfigurationError(f"caps need a quota store that keeps them, and {type(quota).__name__} does not")
    if suppression is not None and not hasattr(suppression, "suppressed"):
        name = type(suppression).__name__
        raise ConfigurationError(f"suppression must be a store of numbers, such as SQLiteSuppression(path), not {name}")
    if http_client is not None and not _can_send(http_client):
        raise ConfigurationError(
            f"http_client must be an httpx.AsyncClient or its transport, not {type(http_client).__name__}"
        )


def _can_send(http_client: object) -> bool:
    """Whether it has the methods of a client, or those of a transport, as httpx has both."""
    ways = (("build_request", "send", "aclose"), ("handle_async_request", "aclose"))
    return any(all(hasattr(http_client, name) for name in way) for way in ways)


def check_url(url: Any) -> None:
    """Raise ``ConfigurationError`` for a URL that can't be read, or would show the key to others."""
    if not isinstance(url, str):
        raise ConfigurationError("url must be text")
    if not url.isprintable() or " " in url:
        raise ConfigurationError("url holds a space or a character that can't be seen")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError("url can't be read") from None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise ConfigurationError("url (or CUSTOMERSMS_URL) must be https://host/path, without a user name")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ConfigurationError(
            "url must be https, and so must CUSTOMERSMS_URL: plain http would show the API key to everyone"
        )


def check_label(label: Any) -> None:
    """Raise ``ConfigurationError`` for a label that would spoil a line of a log, or looks like a key."""
    if not isinstance(label, str) or not label.isprintable() or not 0 < len(label.strip()) <= LONGEST_LABEL:
        raise ConfigurationError(f"label must be 1 to {LONGEST_LABEL} characters that can be seen")
    if KEY_PREFIX in label:
        raise ConfigurationError(f"label must not hold {KEY_PREFIX}, with which keys begin: it is shown everywhere")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_whole(name: str, value: Any, least: int) -> None:
    """Raise ``ConfigurationError`` for a value that is no whole number, or below ``least``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigurationError(f"{name} must be a whole number, {least} or more, not {value!r}")


def check_number(name: str, value: Any, least: float, most: float = math.inf) -> None:
    """Raise ``ConfigurationError`` for a value that is no number, or none from ``least`` to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most or value == math.inf:
        at_most = "" if most == math.inf else f" and at most {most:g}"
        raise ConfigurationError(f"{name} must be a number of at least {least:g}{at_most}, not {value!r}")
