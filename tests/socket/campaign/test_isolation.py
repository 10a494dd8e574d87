"""A role whose transactions would not see what others have just committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign, LedgerError

if TYPE_CHECKING:
    from support.postgres_servers import PostgresServerProcess


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
async def test_nothing_is_changed_by_transactions_that_do_not_see_a_pause_that_was_acknowledged(
    shared_postgres: PostgresServerProcess, level: str
) -> None:
    async with Campaign.open(shared_postgres.url(), name="isolated") as campaign:
        await campaign.add(["+12120000001"], "Hi")
    shared_postgres.sql(f"ALTER ROLE app SET default_transaction_isolation = '{level}'")
    try:
        async with Campaign.open(shared_postgres.url(), name="isolated") as campaign:
            with pytest.raises(LedgerError, match="must be read committed: see default_transaction_isolation"):
                await campaign.pause(by="Ann")
    finally:
        shared_postgres.sql("ALTER ROLE app RESET default_transaction_isolation")
