"""The ledger of a campaign: one runner at a time, and what a person decides of it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign, ConfigurationError, LedgerError
from customersms_async.campaign._sqlite.ledger import SQLiteLedger
from customersms_async.campaign._sqlite.lock import RunLock
from customersms_async.campaign.id_ranges import ranges
from customersms_async.campaign.rows import Intent
from support.filled_ledger import PEOPLE, counted, filled
from support.ledger_aging import let_minutes_pass
from support.ledger_rows import rows_of
from support.wanted_runs import run_is_wanted

if TYPE_CHECKING:
    from pathlib import Path


def test_numbers_that_follow_each_other_are_kept_short() -> None:
    assert ranges([0, 1, 2, 5, 7, 8]) == "0-2 5 7-8"


async def test_only_one_runs_at_a_time_and_the_other_hears_who_does(path: Path) -> None:
    await filled(path)
    first, second = [await SQLiteLedger.open(path, create=False) for _ in range(2)]
    await first.become_runner()
    with pytest.raises(LedgerError, match=f"a campaign is running on it: process {os.getpid()}, since "):
        await second.become_runner()
    await first.leave_running()
    await second.become_runner()
    await first.close()
    await second.close()


async def test_a_link_to_a_ledger_has_the_same_lock(path: Path) -> None:
    await filled(path)
    link = path.with_name("link")
    await asyncio.to_thread(link.symlink_to, path)
    first, second = await SQLiteLedger.open(path, create=False), await SQLiteLedger.open(link, create=False)
    await first.become_runner()
    with pytest.raises(LedgerError, match="a campaign is running"):
        await second.become_runner()
    await first.close()
    await second.close()


def test_a_lock_is_free_when_its_holder_is_killed(path: Path) -> None:
    path.touch()
    script = (
        "import sys; from pathlib import Path; from customersms_async.campaign._sqlite.lock import RunLock\n"
        "RunLock(Path(sys.argv[1])).take(); print('taken', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline() == b"taken\n"
        lock = RunLock(path)
        assert not lock.try_to_take()
        with pytest.raises(LedgerError, match=f"process {process.pid}"):
            lock.take(patience=0.0)
        process.kill()
        process.wait()
        assert lock.try_to_take()
        lock.free()


async def test_who_was_being_sent_to_by_a_process_that_ended_is_unknown(path: Path) -> None:
    await filled(path)
    ledger = await SQLiteLedger.open(path, create=False)
    await run_is_wanted(ledger)
    await ledger.begin(Intent(range(100), None))
    copy = path.with_name("copy")
    for end in ("", "-wal"):
        await asyncio.to_thread(shutil.copy, f"{path}{end}", f"{copy}{end}")
    await ledger.close()
    assert await counted(copy) == {"planned": 2_400, "unknown": 100}


async def test_two_runners_never_begin_with_the_same_recipient(path: Path) -> None:
    """The second line of defence, should a lock fail: the ledger itself refuses."""
    await filled(path)
    ledger = await SQLiteLedger.open(path, create=False)
    await run_is_wanted(ledger)
    await ledger.begin(Intent([0, 1], None))
    with pytest.raises(LedgerError, match="not planned any more"):
        await ledger.begin(Intent([1, 2], None))
    (planned, sending) = await ledger.counts()
    assert (planned.recipients, sending.recipients) == (2_498, 2)
    await ledger.close()


# What a person decides


async def test_a_person_resolves_what_is_unknown_and_the_ledger_keeps_who(path: Path) -> None:
    await filled(path)
    ledger = await SQLiteLedger.open(path, create=False)
    await run_is_wanted(ledger)
    await ledger.begin(Intent(range(10), None))
    await ledger.close()
    async with Campaign.open(path) as campaign:
        let_minutes_pass(path)
        assert await campaign.resolve([PEOPLE[0], "+1 212 000 0001", PEOPLE[99]], as_="accepted", by="Ann") == 2
        assert await campaign.resolve("unknown", as_="planned", by="Bob") == 8
        assert await campaign.resolve("rejected", as_="planned", by="Bob") == 0
        found = await rows_of(campaign.ledger, "SELECT by, becomes, recipients, ids FROM resolutions")
        for wrong in ({"as_": "sending", "by": "Ann"}, {"as_": "accepted", "by": " "}):
            with pytest.raises(ConfigurationError):
                await campaign.resolve("unknown", **wrong)
        with pytest.raises(ConfigurationError, match="only who is unknown"):
            await campaign.resolve("rejected", as_="accepted", by="Ann")
    assert found == [("Ann", "accepted", 2, "0-1"), ("Bob", "planned", 8, "2-9")]
    assert await counted(path) == {"planned": 2_498, "accepted": 2}


async def test_the_counts_are_what_is_there(path: Path) -> None:
    await filled(path)
    async with Campaign.open(path) as campaign:
        await run_is_wanted(campaign.ledger)
        await campaign.ledger.begin(Intent(range(10), None))
        counted = await campaign.ledger.counts()
        grouped = await rows_of(
            campaign.ledger, "SELECT state, code, count(*), sum(segments) FROM recipients GROUP BY 1, 2"
        )
    assert sorted(counted) == sorted(grouped)
