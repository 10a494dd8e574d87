"""An asyncio client for the customersms.pro SMS API: exact limits, honest outcomes, no text sent twice.

```python
async with AsyncClient() as client:  # the key comes from CUSTOMERSMS_API_KEY
    outcome = await client.send("+12125551234", "Your code is 123456")
    report = await client.send_many(["+12125551234", "+13235554567"], "Doors open at eight")
```
"""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    __version__: str
    from ._core.hours import Hours
    from ._sending.stream import OutcomeStream
    from .campaign import Campaign, run_campaign
    from .client import AsyncClient
    from .errors import (
        AuthenticationError,
        CampaignStoppedError,
        CappedError,
        ConfigurationError,
        ConnectionFailedError,
        CustomerSMSError,
        IdempotencyMismatchError,
        IdempotencyStoreError,
        InsufficientCreditsError,
        InvalidRecipientError,
        LedgerError,
        OutcomeUnknownError,
        QuotaExceededError,
        QuotaStoreError,
        RateLimitedError,
        RejectedError,
        SendError,
        SuppressionStoreError,
    )
    from .idempotency import MemoryIdempotency, PostgresIdempotency, RedisIdempotency, SQLiteIdempotency
    from .models import (
        DOCUMENTED_LIMITS,
        Caps,
        Code,
        Estimate,
        Health,
        Limit,
        LimitStatus,
        Message,
        Outcome,
        Priority,
        QuotaStatus,
        SendReport,
        Status,
    )
    from .quota import MemoryQuota, PostgresQuota, RedisQuota, SQLiteQuota
    from .suppression import MemorySuppression, PostgresSuppression, SQLiteSuppression

__all__ = [
    "DOCUMENTED_LIMITS",
    "AsyncClient",
    "AuthenticationError",
    "Campaign",
    "CampaignStoppedError",
    "CappedError",
    "Caps",
    "Code",
    "ConfigurationError",
    "ConnectionFailedError",
    "CustomerSMSError",
    "Estimate",
    "Health",
    "Hours",
    "IdempotencyMismatchError",
    "IdempotencyStoreError",
    "InsufficientCreditsError",
    "InvalidRecipientError",
    "LedgerError",
    "Limit",
    "LimitStatus",
    "MemoryIdempotency",
    "MemoryQuota",
    "MemorySuppression",
    "Message",
    "Outcome",
    "OutcomeStream",
    "OutcomeUnknownError",
    "PostgresIdempotency",
    "PostgresQuota",
    "PostgresSuppression",
    "Priority",
    "QuotaExceededError",
    "QuotaStatus",
    "QuotaStoreError",
    "RateLimitedError",
    "RedisIdempotency",
    "RedisQuota",
    "RejectedError",
    "SQLiteIdempotency",
    "SQLiteQuota",
    "SQLiteSuppression",
    "SendError",
    "SendReport",
    "Status",
    "SuppressionStoreError",
    "run_campaign",
]

_PLACES: typing.Final = (
    *(".errors", ".models", ".quota", ".client", "._sending.stream"),
    *(".campaign", ".segments", ".idempotency", ".suppression", "._core.hours"),
)
"""Where these names are, in the order in which they are looked for; each is imported when it is first asked for.

So whoever needs the errors alone, or the command its options, waits for no more.
"""


def __getattr__(name: str) -> object:
    if name == "__version__":
        return importlib.import_module("._core.version", __name__).VERSION
    if name in __all__:
        for place in _PLACES:
            module = importlib.import_module(place, __name__)
            if hasattr(module, name):
                value = globals()[name] = getattr(module, name)
                return value
    if f".{name}" in _PLACES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
