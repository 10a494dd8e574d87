"""An observer that keeps what it hears, and one that fails at everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from customersms_async import AsyncClient


class RecordingObserver:
    """Keeps each event as its name and all that came with it; ``fails``: and raises then."""

    def __init__(self, *, fails: bool = False) -> None:
        self.events: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self._fails = fails

    def __getattr__(self, name: str) -> Callable[..., None]:
        def hear(*what: Any, **more: Any) -> None:
            self.events.append((name, what, more))
            if self._fails:
                raise ZeroDivisionError

        return hear

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.events]

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """What came with each event of this name, in order."""
        return [(*what, *more.values()) for event, what, more in self.events if event == name]

    def look_at(self, client: AsyncClient) -> AsyncClient:
        """The same client, which tells of everything."""
        client.__session__().observe(self)
        return client
