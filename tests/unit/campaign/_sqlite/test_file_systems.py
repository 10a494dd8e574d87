"""Ledgers on file systems that lack something, and how safely they are written."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign, LedgerError, MemoryQuota
from customersms_async.campaign.states import State
from customersms_async.client import AsyncClient
from support.filled_ledger import filled
from support.traced_sqlite import traced
from support.without_links import REASONS, break_links

if TYPE_CHECKING:
    from pathlib import Path

PHONES = ["+12125551234", "+12125551235"]


async def ran(path: Path) -> None:
    """Run the ledger with a client that never gets to send."""
    async with (
        AsyncClient(api_key="key", url="http://127.0.0.1:9", quota=MemoryQuota(), max_retries=0) as client,
        Campaign.open(path) as campaign,
    ):
        async for _ in campaign.run(client):
            pass


@pytest.mark.parametrize("reason", REASONS)
async def test_without_hard_links_a_ledger_is_made_whole(
    reason: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_links(monkeypatch, reason)
    async with Campaign.open(path) as campaign:
        await campaign.add(PHONES, "text")
        assert (await campaign.counts())[State.PLANNED] == 2
    assert [each.name for each in path.parent.iterdir() if ".new-" in each.name or ".making" in each.name] == []


@pytest.mark.parametrize("name", ["ENOLCK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EIO"])
async def test_a_ledger_that_nobody_can_lock_is_not_said_to_be_run(
    name: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    number = getattr(errno, name)

    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    await filled(path)
    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(LedgerError) as caught:
        await ran(path)
    assert str(caught.value).startswith(f"{path}.lock: it can't be locked: {os.strerror(number)}")
    assert ("bring the ledger to a local disk" in str(caught.value)) is (name != "EIO")
    assert "is running" not in str(caught.value)
    assert caught.value.path == str(path)
    async with Campaign.open(path) as campaign:
        assert (await campaign.counts())[State.PLANNED] > 0, "it can still be looked at"


@pytest.mark.parametrize("number", [errno.EWOULDBLOCK, errno.EACCES])
async def test_a_ledger_that_is_locked_is_said_to_be_run(
    number: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    await filled(path)
    monkeypatch.setattr("customersms_async.campaign._sqlite.lock.PATIENCE", 0.0)
    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(LedgerError, match="a campaign is running"):
        await ran(path)


async def test_whatever_is_written_is_written_to_the_disk_of_a_mac_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with traced(monkeypatch) as connections:
        async with Campaign.open(path) as campaign:
            await campaign.add(PHONES, "text")
        async with Campaign.open(path) as campaign:
            await campaign.add(PHONES, "text")
            await campaign.counts()
    assert len([each for each in connections if each.writes]) >= 2
    assert all(each.is_synced_fully for each in connections if each.writes), connections


@pytest.mark.parametrize("name", ["~nobody-of-this-name/l", "~nobody-of-this-name"])
async def test_a_home_that_nobody_knows_is_refused_as_a_ledger(name: str) -> None:
    with pytest.raises(LedgerError, match="it names no file: nobody knows the home folder in it") as refused:
        await Campaign.open(name).__aenter__()
    assert refused.value.path == name


async def test_a_name_that_is_no_text_is_refused_before_a_file_is_made(path: Path) -> None:
    """As old file systems and archives have it: the ledger keeps its own name, as text."""
    named = path.with_name("sant\udce9")
    with pytest.raises(LedgerError, match="its name is no text in UTF-8, in which the ledger keeps it: rename it"):
        await Campaign.open(named).__aenter__()
    assert not any(path.parent.iterdir())
