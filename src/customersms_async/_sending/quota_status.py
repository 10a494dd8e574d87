"""How the quota of a client's key stands, as its user sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..models import Limit, LimitStatus, QuotaStatus

if TYPE_CHECKING:
    from .sender import Sender


async def read_quota_status(sender: Sender, limits: tuple[Limit, ...]) -> QuotaStatus:
    """How every one of the client's ``limits`` stands, who waits in this process, and what is left of a pause."""
    usages, paused_us = await sender.room.store.usage(sender.room.key_id, sender.terms.layers)
    statuses = (
        LimitStatus(limit, usage.used, max(0, limit.requests - usage.used), usage.next_us / 1e6)
        for limit, usage in zip(limits, usages, strict=True)
    )
    return QuotaStatus(tuple(statuses), sender.room.waiting, paused_us / 1e6)
