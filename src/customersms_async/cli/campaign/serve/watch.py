"""Watches a campaign's ledger for its page, second by second, for as long as anybody watches the page.

The ledger is opened anew for each look, which costs next to nothing while it is open already: so one that was replaced
is seen as it is now, and one that was away is there again with the first look that finds it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, final

from ...._runtime.tasks import start
from ....campaign.ledger_opening import open_ledger
from ....errors import ConfigurationError, LedgerError
from ...error_words import in_words
from .look import CampaignLook

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ....campaign.protocol import CampaignLedger
    from ...zones import ShownZone
    from ..ledger_place import LedgerPlace
    from .feed import PageFeed
    from .quota import QuotaLook

EVERY: Final = 1.0
"""Seconds from one look at the ledger to the next."""

_QUOTA_EVERY: Final = 2.0
_PATIENCE: Final = 5.0
"""Seconds after which a look that has no answer is said to have none; it goes on."""

_AT_THE_END: Final = 0.5
"""Seconds that are waited for a ledger to be closed."""


@final
class LedgerWatch:
    """The looks at one ledger. Mutable state: the ledger, while it is open, and what is known of it."""

    def __init__(self, place: LedgerPlace, feed: PageFeed, zone: ShownZone, quota: QuotaLook) -> None:
        self._place, self._feed, self._zone, self._quota = place, feed, zone, quota
        self._ledger: CampaignLedger | None = None
        self._look: CampaignLook | None = None

    async def run(self) -> None:
        """Look whenever anybody watches, until cancelled."""
        loop = asyncio.get_running_loop()
        tasks = [
            start(loop, self._while_watched(self._look_once, EVERY, self._close)),
            start(loop, self._while_watched(self._look_at_quota, _QUOTA_EVERY, self._quota.close)),
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._close(), _AT_THE_END)

    async def _while_watched(
        self, look: Callable[[], Awaitable[None]], seconds: float, close: Callable[[], Awaitable[None]]
    ) -> None:
        while True:
            await self._feed.watched()
            while self._feed.is_watched:
                looking = start(asyncio.get_running_loop(), _awaited(look()))
                try:
                    await self._wait_for(looking)
                finally:
                    looking.cancel()
                await asyncio.sleep(seconds)
            await close()

    async def _wait_for(self, looking: asyncio.Task[None]) -> None:
        done, _ = await asyncio.wait([looking], timeout=_PATIENCE)
        if not done:
            self._say("the ledger or the quota has not answered for 5 seconds: another program may keep it locked")
        await looking

    async def _look_once(self) -> None:
        try:
            ledger = await open_ledger(self._place.given, create=False, looking=True)
            before, self._ledger = self._ledger, ledger
            if before is not None:
                await before.close()
            if self._look is None or self._look.ledger_id != ledger.id:
                self._look = CampaignLook(ledger.id, self._feed, self._zone)
            await self._look.look(ledger)
        except (LedgerError, ConfigurationError) as error:
            self._say(in_words(error))
            await self._close()
        else:
            self._say(None)

    async def _look_at_quota(self) -> None:
        if self._look is not None:
            self._feed.put("quota", await self._quota.look(self._look.terms))

    def _say(self, problem: str | None) -> None:
        self._feed.put("line", {"problem": problem})

    async def _close(self) -> None:
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            await ledger.close()


async def _awaited(look: Awaitable[None]) -> None:
    await look
