"""Answers that are packed in ways that nobody asked for and that can't be read: named as they are, over each engine."""

from __future__ import annotations

import pytest

from customersms_async import AsyncClient, MemoryQuota, OutcomeUnknownError
from support.broken_gateways import KEY, RawGateway
from support.changed_bytes import as_bytes
from support.engines import ENGINES, engine_of


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_packing_that_can_not_be_read_is_named_in_the_error(engine: str) -> None:
    for packing in ("br", "zstd", "compress", "gzip, br"):
        gateway = RawGateway(as_bytes(lambda body: body[::-1], Content_Encoding=packing))
        async with (
            gateway.serve() as url,
            engine_of(engine) as http_client,
            AsyncClient(api_key=KEY, url=url, http_client=http_client, quota=MemoryQuota(), pace=None) as client,
        ):
            with pytest.raises(OutcomeUnknownError) as caught:
                await client.send("+12125551234", "Hello")
        assert f"packed in a way that can't be read ({packing})" in str(caught.value)
