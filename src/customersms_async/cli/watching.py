"""A screen beside a send: the quota and the time to the end, looked at while it lasts."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from ..errors import ConfigurationError, QuotaStoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from .route import Route
    from .send.screen import Screen
    from .send.sending import Progress

    SecondsLeft = Callable[[], Awaitable[float | None]]
    """Gives the seconds until the end, or ``None`` if it does not know better than the quota and the rate."""

LOOK_EVERY: Final = 0.25
"""Seconds between two looks at the quota while a screen shows it."""


@contextlib.asynccontextmanager
async def watching(
    route: Route, progress: Progress, screen: Screen, seconds_left: SecondsLeft | None = None
) -> AsyncIterator[None]:
    """Show a send while it lasts; at its end the client is closed, and then the screen.

    ``seconds_left`` is asked where more than the quota decides when it ends, as a campaign's hours do.
    """
    with screen:
        screen.changed(progress)
        task = asyncio.create_task(_watch(route, progress, screen, seconds_left))
        try:
            yield
        finally:
            task.cancel()
            await route.client.aclose()


async def _watch(route: Route, progress: Progress, screen: Screen, seconds_left: SecondsLeft | None) -> None:
    """Keep the screen's quota and time to the end up to date."""
    with contextlib.suppress(ConfigurationError):  # the client is closing: the screen keeps what it has
        while True:
            left = max(0, progress.planned_requests - progress.requests)
            with contextlib.suppress(QuotaStoreError):  # the sending itself says so, if it lasts
                known = None if seconds_left is None else await seconds_left()
                screen.look(await route.client.quota_status(), await route.forecast.rough_seconds(left), known)
            await asyncio.sleep(LOOK_EVERY)
