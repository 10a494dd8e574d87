"""An asyncio client for the customersms.pro SMS API: exact limits, honest outcomes, no text sent twice.

::

    async with AsyncClient(api_key="cspro_…") as client:
        outcome = await client.send("+12125551234", "Your code is 123456")
        report = await client.send_many(["+12125551234", "+13235554567"], "Doors open at eight")
"""

from __future__ import annotations

import importlib
import typing

from ._sending.stream import OutcomeStream
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
from .quota import MemoryQuota

if typing.TYPE_CHECKING:
    from .campaign import Campaign
    from .quota import RedisQuota, SQLiteQuota

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

_LATER: typing.Final = {"Campaign": ".campaign", "RedisQuota": ".quota", "SQLiteQuota": ".quota"}
"""What is imported when first asked for, with where it is: sqlite3 and the like are not for everyone."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_LATER[name], __name__), name)
    return value
