"""What stands in the attributes of spans and metrics: names and words that are few, and of no person."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar, final

from .._core.shown_codes import OTHER
from ..models import Code, Priority

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

    from ..events import RequestBegan

    Attributes = dict[str, AttributeValue]

K = TypeVar("K")

MOST_KEYS: Final = 1_000
"""Labels of keys that get a value of their own; the SDK itself cuts at 2,000 sets of attributes a metric."""

MOST_SETS: Final = 1_000
"""Sets of attributes that are kept for a key; more are made anew each time."""

PRIORITIES: Final = tuple(priority.name.lower() for priority in Priority)

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
class AttributeSets:
    """The sets of attributes of one key, each made once. ``key`` is what names the key, where that is shown.

    ``by_priority`` has one for each ``Priority``, by its value, and ``no_wait`` those of no wait at all. Mutable state:
    the sets that were made.
    """

    __slots__ = ("_begun", "_outcomes", "_requests", "_waits", "by_priority", "key", "no_wait")

    def __init__(self, key: Attributes) -> None:
        self.key = key
        self.by_priority: tuple[Attributes, ...] = tuple({"priority": name, **key} for name in PRIORITIES)
        self.no_wait: tuple[Attributes, ...] = tuple({"reason": "none", **each} for each in self.by_priority)
        self._waits: dict[tuple[str, int], Attributes] = {}
        self._outcomes: dict[tuple[str, str | None, int], Attributes] = {}
        self._requests: dict[tuple[str, int, int | None, str | None], Attributes] = {}
        self._begun: dict[tuple[int, str, int, int, int], Attributes] = {}

    def wait(self, reason: str, priority: int) -> Attributes:
        """The attributes of a wait."""
        found = self._waits.get((reason, priority))
        if found is None:
            found = self._waits[reason, priority] = {"reason": reason, **self.by_priority[priority]}
        return found

    def outcome(self, status: str, code: str | None, priority: int) -> Attributes:
        """The attributes of outcomes."""
        found = self._outcomes.get((status, code, priority))
        if found is None:
            found = {"status": str(status), "code": known_code(code), **self.by_priority[priority]}
            _keep(self._outcomes, (status, code, priority), found)
        return found

    def request(self, server: str, port: int, status_code: int | None, error: str | None) -> Attributes:
        """The attributes of a request that ended with a status and an error, or with none."""
        named = (server, port, status_code, error)
        found = self._requests.get(named)
        if found is None:
            found = {**SYSTEM, "server.address": server, "server.port": port, **self.key}
            if status_code is not None and status_code in _STATUS_CODES:
                found["http.response.status_code"] = status_code
            if error is not None:
                found["error.type"] = error
            _keep(self._requests, named, found)
        return found

    def begun(self, began: RequestBegan) -> Attributes:
        """The attributes that a request's span begins with."""
        named = (began.recipients, began.server, began.port, began.attempt, began.priority)
        found = self._begun.get(named)
        if found is None:
            found = {
                **SYSTEM,
                "messaging.batch.message_count": began.recipients,
                "server.address": began.server,
                "server.port": began.port,
                "customersms.attempt": began.attempt,
                "customersms.priority": PRIORITIES[began.priority],
                **self.key,
            }
            _keep(self._begun, named, found)
        return found


@final
class KeyNames:
    """The sets of attributes of each key, or of all together. Mutable state: the sets of keys that have their own."""

    __slots__ = ("_all", "_made", "_shown")

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._all = AttributeSets({"key": OTHER} if shown else {})
        self._made: dict[str, AttributeSets] = {}

    def of(self, name: str) -> AttributeSets:
        """The sets of this key; those of all together unless keys are shown, and beyond the first thousand."""
        if not self._shown:
            return self._all
        found = self._made.get(name)
        if found is None:
            if len(self._made) >= MOST_KEYS:
                return self._all
            found = self._made[name] = AttributeSets({"key": name})
        return found


def _keep(made: dict[K, Attributes], named: K, found: Attributes) -> None:
    if len(made) < MOST_SETS:  # a gateway may say any code and any status
        made[named] = found
