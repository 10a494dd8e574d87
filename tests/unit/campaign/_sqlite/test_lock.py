"""The run lock's file: never another one, to which a symbolic link leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign, LedgerError
from customersms_async.campaign._sqlite.lock import RunLock
from support.platforms import WINDOWS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(WINDOWS, reason="symbolic links are a privilege there")
@pytest.mark.parametrize("there", [True, False])
async def test_the_target_of_a_symbolic_link_is_neither_written_nor_made(path: Path, there: bool) -> None:
    target = path.with_name("precious")
    if there:
        target.write_text("precious")
    path.with_name("ledger.lock").symlink_to(target)
    async with Campaign.open(path) as campaign:
        await campaign.add(["+12125551234"], "Hello")
    lock = RunLock(path)
    with pytest.raises(LedgerError, match="it is a symbolic link"):
        lock.take()
    assert lock.witness() is None
    assert target.exists() is there
    assert not there or target.read_text() == "precious"
