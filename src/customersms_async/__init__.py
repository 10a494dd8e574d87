"""An asyncio client for the customersms.pro SMS API: exact limits, honest outcomes, no text sent twice.

::

    async with AsyncClient(api_key="cspro_…") as client:
        outcome = await client.send("+12125551234", "Your code is 123456")
        report = await client.send_many(["+12125551234", "+13235554567"], "Doors open at eight")
"""

from __future__ import annotations

from .campaign import Campaign
from .client import AsyncClient
from .errors import (
    AuthenticationError,
    CampaignStoppedError,
    ConfigurationError,
    ConnectionFailedError,
    CustomerSMSError,
    InsufficientCreditsError,
    InvalidRecipientError,
    LedgerError,
    OutcomeUnknownError,
    QuotaExceededError,
    QuotaStoreError,
    RateLimitedError,
    RejectedError,
    SendError,
)
from .models import (
    DOCUMENTED_LIMITS,
    Code,
    Estimate,
    Limit,
    LimitStatus,
    Message,
    Outcome,
    Priority,
    QuotaStatus,
    SendReport,
    Status,
)
from .quota import MemoryQuota, RedisQuota, SQLiteQuota
from .stream import OutcomeStream

__all__ = [
    "DOCUMENTED_LIMITS",
    "AsyncClient",
    "AuthenticationError",
    "Campaign",
    "CampaignStoppedError",
    "Code",
    "ConfigurationError",
    "ConnectionFailedError",
    "CustomerSMSError",
    "Estimate",
    "InsufficientCreditsError",
    "InvalidRecipientError",
    "LedgerError",
    "Limit",
    "LimitStatus",
    "MemoryQuota",
    "Message",
    "Outcome",
    "OutcomeStream",
    "OutcomeUnknownError",
    "Priority",
    "QuotaExceededError",
    "QuotaStatus",
    "QuotaStoreError",
    "RateLimitedError",
    "RedisQuota",
    "RejectedError",
    "SQLiteQuota",
    "SendError",
    "SendReport",
    "Status",
]
