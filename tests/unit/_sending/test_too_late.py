"""What a text is told that would have waited for longer than ``max_wait``: whether it is the pace or the quota."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
import respx

from customersms_async import AsyncClient, Limit, MemoryQuota, Priority, QuotaExceededError

URL = "https://gateway.test/api.php"
PHONES = [f"+1212555{number:04}" for number in range(12)]
PACE: dict[str, Any] = {"pace": Limit(10, 1)}
QUOTA: dict[str, Any] = {"pace": None, "limits": Limit(10, 60)}


@pytest.mark.parametrize(("options", "whose"), [(PACE, "pace"), (QUOTA, "quota")], ids=["pace", "quota"])
@respx.mock
async def test_what_makes_it_wait_too_long_is_said(options: dict[str, Any], whose: str) -> None:
    respx.post(URL).respond(json={"success": True})
    async with httpx.AsyncClient() as http_client:
        shared: dict[str, Any] = {"quota": MemoryQuota(), "http_client": http_client, "max_concurrency": 20}
        async with AsyncClient(api_key="key", url=URL, max_wait=0, **shared, **options) as client:
            sends = (client.send(phone, "Hello", priority=Priority.URGENT) for phone in PHONES)
            ends = await asyncio.gather(*sends, return_exceptions=True)
    late = [str(end) for end in ends if isinstance(end, QuotaExceededError)]
    assert len(late) == 2
    assert all(f"the {whose} makes it wait" in said for said in late)
