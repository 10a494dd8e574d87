"""How a client stands, for whoever probes it: what its quota store says, and what this process has learned."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .._core.options import check_number
from ..errors import QuotaStoreError
from ..models import Health
from .quota_status import read_quota_status

if TYPE_CHECKING:
    from ..models import Limit, QuotaStatus
    from .sender import Sender


async def read_health(sender: Sender, limits: tuple[Limit, ...], timeout: float) -> Health:
    """How the sender's key stands; its store has ``timeout`` seconds to answer.

    Raises ``ConfigurationError`` for a ``timeout`` out of range.
    """
    check_number("timeout", timeout, 0.0)
    quota, problem = await _ask_store(sender, limits, timeout)
    room, account = sender.room, sender.account
    now_us, answered_at_us = room.clock(), account.answered_at_us
    return Health(
        store_reachable=problem is None,
        store_error=problem,
        quota=quota,
        last_answer_seconds=None if answered_at_us is None else max(0, now_us - answered_at_us) / 1e6,
        last_status_code=account.status_code,
        oldest_wait_seconds=room.oldest_wait_us / 1e6,
        unknown_last_hour=account.unknown_last_hour(now_us),
        remaining_credits=account.remaining,
    )


async def _ask_store(
    sender: Sender, limits: tuple[Limit, ...], timeout: float
) -> tuple[QuotaStatus | None, str | None]:
    """What the quota store says of the key, or else why it said nothing."""
    limit = asyncio.timeout(None if sender.room.store.in_process else timeout)  # which never suspends
    try:
        async with limit:
            return await read_quota_status(sender, limits), None
    except QuotaStoreError as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001 - of a store of the caller's, whose words may hold a secret
        if limit.expired():
            return None, f"the quota store did not answer within {timeout:g} s"
        return None, f"the quota store failed with {type(error).__name__}"
