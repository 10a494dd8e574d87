"""The quota of a campaign's key, as its store knows it: looked at by the key's fingerprint, without the key."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, final

from ...._core.layers import layers
from ....errors import ConfigurationError, QuotaStoreError
from ....models import LimitStatus
from ...error_words import in_words
from ...options import MEMORY
from ...quota import missing_file, open_quota, place
from .figures import quota_section

if TYPE_CHECKING:
    from ....campaign.terms import CampaignTerms
    from ....quota import QuotaStore


@final
class QuotaLook:
    """Looks at the quota in the store that ``where`` names as ``--quota`` does. A file that is not there is not made.

    Mutable state: the store, once it is open.
    """

    def __init__(self, where: str | None) -> None:
        self._where = where
        self._store: QuotaStore | None = None
        self._open = contextlib.AsyncExitStack()

    async def look(self, terms: CampaignTerms | None) -> dict[str, Any]:
        """The section of the page: how each limit stands, or in words why that is not known."""
        if terms is None:
            return {"rows": [], "words": "There is no key yet: nobody has run it."}
        if self._where == MEMORY:
            return {"rows": [], "words": "It is counted in the run's own process alone."}
        try:
            store = await self._opened()
            if store is None:
                return {"rows": [], "words": f"No quota is kept in {place(self._where)} (see --quota)."}
            usages, paused_us = await store.usage(terms.key_id, layers(terms.limits))
        except (QuotaStoreError, ConfigurationError) as error:
            await self.close()
            return {"rows": [], "words": in_words(error)}
        stands = [
            LimitStatus(limit, usage.used, max(0, limit.requests - usage.used), usage.next_us / 1e6)
            for limit, usage in zip(terms.limits, usages, strict=True)
        ]
        return quota_section(stands, paused_us / 1e6, place(self._where))

    async def close(self) -> None:
        """Close the store, until the next look."""
        self._store = None
        await self._open.aclose()

    async def _opened(self) -> QuotaStore | None:
        if self._store is None and missing_file(self._where) is None:
            self._store = await self._open.enter_async_context(open_quota(self._where))
        return self._store
