"""The rows of a ledger's file, as any SQLite program reads them."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from customersms_async.campaign.protocol import CampaignLedger


async def rows_of(ledger: CampaignLedger, query: str) -> list[tuple[Any, ...]]:
    """What ``query`` finds in the file of ``ledger``."""

    def look() -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(ledger.name)) as connection:
            return connection.execute(query).fetchall()

    return await asyncio.to_thread(look)
