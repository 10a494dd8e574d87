"""The client, as web workers and commands have it."""

import contextlib
from collections.abc import AsyncIterator

from django.conf import settings

from customersms_async import AsyncClient, Caps, Limit, SQLiteIdempotency, SQLiteQuota

CAPS = Caps("codes", per_number=[Limit(1, 30), Limit(5, 900), Limit(12, 86_400)], total=Limit(5_000, 3_600))


@contextlib.asynccontextmanager
async def open_client() -> AsyncIterator[AsyncClient]:
    """One client for as long as a process runs, over files that all processes of this host share."""
    async with (
        SQLiteQuota(settings.SMS_FOLDER / "quota.sqlite") as quota,
        SQLiteIdempotency(settings.SMS_FOLDER / "keys.sqlite") as keys,
        AsyncClient(quota=quota, idempotency=keys, caps=CAPS, max_wait=5, timeout=10) as client,
    ):
        yield client
