"""Neither the ledger of a campaign, nor its report, nor an error holds the key, whatever the gateway echoes."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Campaign, CustomerSMSError, Limit, MemoryQuota
from customersms_async._core.secret import PUBLIC_START
from customersms_async.cli.campaign.ledger_place import read_ledger_place
from customersms_async.cli.campaign.report import write_report
from customersms_async.cli.zones import read_zone
from support.echoing_gateway import ANSWERS, KEY, PHONE, TEXT, echoing

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = (Limit(1_000, 0.5),)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("answer", ANSWERS)
async def test_the_key_is_in_no_file_of_a_campaign(tmp_path: Path, answer: str) -> None:
    ledger, page, said = tmp_path / "ledger", tmp_path / "page.html", ""
    async with echoing(answer) as echo:
        client = AsyncClient(
            api_key=KEY, url=echo.url, limits=LIMITS, pace=None, quota=MemoryQuota(), max_retries=0, timeout=5.0
        )
        async with client, Campaign.open(ledger) as campaign:
            await campaign.add([PHONE], TEXT)
            with contextlib.suppress(CustomerSMSError):
                async for outcome in campaign.run(client, until=datetime.now(UTC) + timedelta(seconds=1)):
                    said += repr(outcome)
                    break
            written = contents(tmp_path)  # the write-ahead log is there while it is open
        await write_report(read_ledger_place(str(ledger)), page, LIMITS, read_zone(None))
    written |= contents(tmp_path)
    assert {"ledger", "page.html"} < set(written)
    assert KEY[:PUBLIC_START] not in said
    assert not [name for name, content in written.items() if KEY[:PUBLIC_START].encode() in content]
