"""What stands in the attributes of spans and metrics: names and words that are few, and of no person."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, final

from ..models import Code

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

    Attributes = dict[str, AttributeValue]

OTHER: Final = "_OTHER"
"""What conventions call a value that is not one of the known ones."""

MOST_KEYS: Final = 1_000
"""Labels of keys that get a value of their own; the SDK itself cuts at 2,000 sets of attributes a metric."""

SYSTEM: Final[Attributes] = {
    "messaging.system": "customersms",
    "messaging.operation.name": "send",
    "messaging.operation.type": "send",
}

_STATUS_CODES: Final = frozenset(map(int, HTTPStatus))
_CODES: Final = frozenset({*map(str, Code), *(f"HTTP_{status}" for status in _STATUS_CODES)})


def known_code(code: str | None) -> str:
    """A code of this client's own; ``_OTHER`` for the gateway's, who may say anything; empty for none."""
    if code is None:
        return ""
    return str(code) if code in _CODES else OTHER


@final
class RequestAttributes:
    """The attributes of requests, each set made once: there are few. Mutable state: those that were made."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, int, int | None, str | None, str], Attributes] = {}

    def of(self, server: str, port: int, status_code: int | None, error: str | None, key: Attributes) -> Attributes:
        """Those of a request that ended with a status and an error, or with none; ``key`` is a key's own."""
        named = (server, port, status_code, error, str(key.get("key", "")))
        found = self._made.get(named)
        if found is None:
            found = {**SYSTEM, "server.address": server, "server.port": port, **key}
            if status_code is not None and status_code in _STATUS_CODES:
                found["http.response.status_code"] = status_code
            if error is not None:
                found["error.type"] = error
            if len(self._made) < MOST_KEYS:
                self._made[named] = found
        return found


@final
class KeyNames:
    """The attribute that names a key, if that is asked for. Mutable state: the names that have a value of their own."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._made: dict[str, Attributes] = {}

    def of(self, name: str) -> Attributes:
        """The attributes that name this key: none unless asked for, ``_OTHER`` beyond the first thousand."""
        if not self._shown:
            return _NO_KEY
        found = self._made.get(name)
        if found is None:
            found = {"key": name if len(self._made) < MOST_KEYS else OTHER}
            if len(self._made) < MOST_KEYS:
                self._made[name] = found
        return found


_NO_KEY: Final[Attributes] = {}
