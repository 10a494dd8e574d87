"""The observers of a client: the function that hears of its events, and its telemetry."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import msgspec

from ..errors import ConfigurationError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping

    from ..events import Event
    from .announcer import Announcer
    from .sender import Sender

    Listener: TypeAlias = Callable[[Event], object]
    Counts: TypeAlias = Callable[[], Awaitable[Mapping[Any, int]]]


class TelemetrySeam(Protocol):
    """What the package asks of ``customersms_async.otel.Telemetry``."""

    def __heard__(self, event: Event) -> None:
        """Measure what happened."""

    def __opened__(self, sender: Sender) -> None:
        """Know of a sender, whose quota and credits are measured while it lives."""

    def __left__(self, request: int) -> None:
        """Know that the task that has sent this request goes on to other things."""

    def __counted__(self, key: str, run: int, loop: asyncio.AbstractEventLoop, counts: Counts) -> None:
        """Know of a campaign's run with a key of this name; its recipients are counted until it has ended."""


class Observers(msgspec.Struct, frozen=True, eq=False):
    """The telemetry and the function that observe what a client sends; each may be missing."""

    telemetry: TelemetrySeam | None = None
    on_event: Callable[[Event], object] | None = None

    def changed(self, given: Mapping[str, Any]) -> Observers:
        """A copy with the arguments of ``AsyncClient`` that are ``given``, by their names, in place of its own.

        Raises ``ConfigurationError`` for what can't look on.
        """
        changes = {name: given[name] for name in OBSERVER_NAMES & given.keys()}
        _check(**changes)
        return msgspec.structs.replace(self, **changes) if changes else self

    def announcer(self) -> Announcer | None:
        """What tells them of everything; ``None`` if nobody looks on."""
        listeners = () if self.telemetry is None else (self.telemetry.__heard__,)
        if self.on_event is not None:
            listeners = (*listeners, self.on_event)
        if not listeners:
            return None
        from .announcer import Announcer  # few look on

        return Announcer(listeners, self.telemetry)


def _check(telemetry: object = None, on_event: object = None) -> None:
    if telemetry is not None and (isinstance(telemetry, type) or not hasattr(telemetry, "__heard__")):
        name = telemetry.__name__ if isinstance(telemetry, type) else type(telemetry).__name__
        raise ConfigurationError(f"telemetry must be a customersms_async.otel.Telemetry, not {name}")
    if on_event is not None and (not callable(on_event) or _is_async(on_event)):
        raise ConfigurationError("on_event must be a plain function that takes an event; it can't be async")


def _is_async(call: Any) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)


OBSERVER_NAMES: Final = frozenset(Observers.__struct_fields__)
NO_OBSERVERS: Final = Observers()
