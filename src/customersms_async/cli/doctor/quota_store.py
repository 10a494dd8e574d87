"""The doctor's look at the quota store: whether it answers, and what it says of the key."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..._core.options import DOCUMENTED_URL
from ...client import AsyncClient
from ...errors import ConfigurationError, CustomerSMSError
from ..credentials import key_of_environment
from ..error_words import in_words
from ..formats import length, moment
from ..quota import open_quota, place
from .finding import look, ok, wrong

if TYPE_CHECKING:
    from ...models import Limit, QuotaStatus
    from .finding import Finding

_NOBODY = "doctor"
"""Whose quota is looked at where there is no key: nobody's."""

_TODO = "mend that, or say with --quota where else the quota is kept; nothing is sent without it"


async def quota_finding(where: str | None, limits: tuple[Limit, ...], timeout: float) -> Finding:
    """Whether the store answers in ``timeout`` seconds, and whether the key has something left."""
    try:
        async with asyncio.timeout(timeout):
            status = await _status(where, limits)
        shown = place(where)
    except TimeoutError:
        return wrong("quota", f"{place(where)} did not answer in {length(timeout)}", _TODO)
    except CustomerSMSError as error:
        return wrong("quota", in_words(error), _TODO)
    if status.paused_seconds:
        found = f"{shown}: the gateway's 429 pauses the key until {moment(status.paused_seconds)}"
        return look("quota", found, "wait until then, and see who else sends with this key outside this quota")
    for one in status.limits:
        if not one.free:
            found = f"{shown}: all {one.limit.requests:,} requests in {length(one.limit.seconds)} are used"
            return look("quota", found, f"the next may leave in {length(one.next_token_seconds)}; customersms quota")
    free = " · ".join(f"{one.free:,} of {one.limit.requests:,} in {length(one.limit.seconds)}" for one in status.limits)
    return ok("quota", f"{shown}; free: {free}")


async def _status(where: str | None, limits: tuple[Limit, ...]) -> QuotaStatus:
    try:
        key = key_of_environment() or _NOBODY
    except ConfigurationError:
        key = _NOBODY  # the key's own finding says so
    url = DOCUMENTED_URL  # nothing is sent there; the URL has a finding of its own
    async with (
        open_quota(where) as store,
        AsyncClient(api_key=key, url=url, limits=limits, quota=store) as client,
    ):
        return await client.quota_status()
