"""One ledger, as its users treat it: opened by many and many times, moved, copied, put back, killed in between.

The promise: no second request ever contains a recipient of the campaign unless the first was proven not accepted or a
named person said so; every recipient ends in a recorded state; what can't be proven is listed as unknown, at most
requests in flight times batch size per crash.
"""

# ruff: noqa: ASYNC240 - a test may wait for its own small files

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Campaign, LedgerError, MemoryQuota, Outcome
from customersms_async.campaign._sqlite.first_tables import VERSION_1
from customersms_async.campaign.states import State
from support.ledger_aging import let_minutes_pass

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

from support.campaign_run import (
    IN_FLIGHT,
    KEY,
    PEOPLE,
    WORLD,
    Run,
    all_is_known,
    command,
    counted,
    cut_off,
    go_on,
    nobody_twice,
)

# Opened many times


@pytest.mark.parametrize("end", ["killed", "ended"])
def test_a_status_page_in_the_same_process_costs_no_lock(path: Path, sandbox: Sandbox, end: str) -> None:
    run = Run(path, sandbox.url, looks_on=True)
    run.comes_some_way()
    for _ in range(3):
        assert "planned" in command("status", "--ledger", path)
    if end == "killed":
        run.kill()
    else:
        assert run.end() == ""
    command("status", "--ledger", path)
    all_is_known(path, sandbox)


async def test_whoever_closes_leaves_the_others_their_ledger(path: Path) -> None:
    async with Campaign.open(path) as first:
        async with Campaign.open(path) as second, Campaign.open(path) as third:
            assert (await second.counts()) == (await third.counts())
        assert await first.resolve("unknown", as_="accepted", by="Ann") == 0
        assert (await first.counts())[State.PLANNED] == len(PEOPLE)
    assert [file.name for file in path.parent.iterdir() if file.suffix == ".ledger-wal"] == []


async def test_threads_with_loops_of_their_own_share_it(path: Path) -> None:
    async def look() -> None:
        for _ in range(20):
            assert await counted(path) == {"planned": len(PEOPLE)}

    await asyncio.gather(*(asyncio.to_thread(asyncio.run, look()) for _ in range(4)))
    assert not path.with_name("spring.ledger-wal").exists()


def test_the_program_s_own_look_at_the_file_is_no_reason_to_send_twice(path: Path, sandbox: Sandbox) -> None:
    """A copy for a download, say: it costs this process its locks, and another one takes the ledger for unused."""

    async def run() -> None:
        async with (
            AsyncClient(api_key=KEY, url=sandbox.url, quota=MemoryQuota(), **WORLD) as client,
            Campaign.open(path) as campaign,
        ):
            with contextlib.suppress(LedgerError):
                async for outcome in campaign.run(client):
                    if outcome.index % 150 == 0:
                        path.read_bytes()
                        await asyncio.to_thread(command, "status", "--ledger", path)

    asyncio.run(run())
    all_is_known(path, sandbox)


# Moved


def test_a_ledger_that_lost_its_newest_changes_is_refused_until_they_are_back(path: Path, sandbox: Sandbox) -> None:
    run = Run(path, sandbox.url)
    run.comes_some_way()
    run.kill()
    archive = path.parent / "archive"
    archive.mkdir()
    moved = path.rename(archive / path.name)
    sent = sandbox.requests
    for _ in range(2):  # to look at it changes nothing
        with pytest.raises(
            LedgerError, match=r"bring spring.ledger-wal beside it \(it was last written to as .*spring"
        ):
            asyncio.run(go_on(moved, sandbox))
        assert "bring spring.ledger-wal beside it" in command("status", "--ledger", moved)
    assert sandbox.requests <= sent + IN_FLIGHT, "no more than was on its way"
    path.with_name("spring.ledger-wal").rename(archive / "spring.ledger-wal")
    all_is_known(moved, sandbox)


@pytest.mark.parametrize("others", [(), ("-wal", "-shm"), ("-wal", "-shm", ".lock")], ids=["alone", "three", "all"])
def test_a_run_whose_ledger_is_moved_stops_before_its_next_request(
    path: Path, sandbox: Sandbox, others: tuple[str, ...]
) -> None:
    run = Run(path, sandbox.url)
    run.comes_some_way()
    moved = path.rename(path.with_name("moved"))
    for side in others:
        path.with_name(path.name + side).rename(moved.with_name(moved.name + side))
    sent = sandbox.requests
    assert "was moved, deleted or replaced while in use" in run.end()
    assert sandbox.requests <= sent + IN_FLIGHT
    assert "sending" not in asyncio.run(counted(moved)), "what was in flight is recorded"
    all_is_known(moved, sandbox)


def test_a_moved_ledger_is_not_run_twice_at_the_same_time(path: Path, sandbox: Sandbox) -> None:
    run = Run(path, sandbox.url)
    run.comes_some_way()
    run.send_signal(signal.SIGSTOP)
    moved = path.rename(path.with_name("moved"))
    for side in ("-wal", "-shm"):
        path.with_name(path.name + side).rename(moved.with_name(moved.name + side))
    with pytest.raises(LedgerError, match="a campaign is running on it"):
        asyncio.run(go_on(moved, sandbox))
    run.send_signal(signal.SIGCONT)
    run.end()
    all_is_known(moved, sandbox)


async def test_a_file_that_takes_its_place_is_not_taken_for_it(path: Path, sandbox: Sandbox) -> None:
    async with (
        AsyncClient(api_key=KEY, url=sandbox.url, quota=MemoryQuota(), **WORLD) as client,
        Campaign.open(path) as campaign,
    ):
        path.rename(path.with_name("aside"))
        async with Campaign.open(path.with_name("other")) as other:
            await other.add(PEOPLE, "Hi")
        path.with_name("other").rename(path)
        with pytest.raises(LedgerError, match="moved, deleted or replaced"):
            _ = [outcome async for outcome in campaign.run(client)]
    assert sandbox.requests == 0


# Copied, and put back


def test_an_old_copy_in_its_place_is_refused(path: Path, sandbox: Sandbox) -> None:
    """A run changes it twice for each request, once for suppressed numbers, and to say that it begins and ends."""
    backup = path.read_bytes()
    asyncio.run(go_on(path, sandbox, max_recipients=10**6))
    path.unlink()
    path.write_bytes(backup)
    with pytest.raises(LedgerError, match="it is an older copy: 243 changes made since"):
        asyncio.run(go_on(path, sandbox))
    nobody_twice(sandbox)


def test_a_copy_beside_its_original_is_refused(path: Path, sandbox: Sandbox) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    with pytest.raises(LedgerError, match=r"it is a copy of .*spring.ledger, which is still there"):
        asyncio.run(go_on(copy, sandbox))
    assert asyncio.run(counted(copy)) == {"planned": len(PEOPLE)}, "it may be read"
    all_is_known(path, sandbox)


def test_a_second_name_is_refused(path: Path, sandbox: Sandbox) -> None:
    path.with_name("second").hardlink_to(path)
    for name in (path, path.with_name("second")):
        with pytest.raises(LedgerError, match="a second name"):
            asyncio.run(go_on(name, sandbox))
    path.with_name("second").unlink()
    all_is_known(path, sandbox)


def test_the_name_that_a_killed_creation_left_is_removed(path: Path, sandbox: Sandbox) -> None:
    path.with_name("spring.ledger.new-12345").hardlink_to(path)
    all_is_known(path, sandbox)


# Closed by others, and of other versions


def test_after_a_kill_another_program_may_look_and_tidy_up(path: Path, sandbox: Sandbox) -> None:
    """SQLite itself empties and removes the -wal; that everything is in the file is proven by what the lock's says."""
    run = Run(path, sandbox.url)
    run.comes_some_way()
    run.kill()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT count(*) FROM recipients").fetchone()
    assert not path.with_name("spring.ledger-wal").exists()
    all_is_known(path, sandbox)


def test_what_a_lock_says_of_an_earlier_time_proves_nothing(path: Path, sandbox: Sandbox) -> None:
    """The ledger was run here, then elsewhere, and comes back without its newest changes."""
    cut_off(path, sandbox)
    elsewhere = path.rename(path.with_name("elsewhere"))
    cut_off(elsewhere, sandbox)
    run = Run(elsewhere, sandbox.url, enough=10)
    run.comes_some_way()
    run.kill()
    back = elsewhere.rename(path)
    with pytest.raises(LedgerError, match=r"bring spring\.ledger-wal beside"):
        asyncio.run(go_on(back, sandbox))
    elsewhere.with_name("elsewhere-wal").rename(path.with_name("spring.ledger-wal"))
    asyncio.run(go_on(back, sandbox))
    nobody_twice(sandbox)


def test_a_ledger_of_the_first_version_is_brought_up_to_date(path: Path, sandbox: Sandbox) -> None:
    old = path.with_name("old")
    with contextlib.closing(sqlite3.connect(old)) as connection:
        connection.executescript(VERSION_1)
        connection.execute("PRAGMA journal_mode = WAL")
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'session'").fetchall() == []
    assert asyncio.run(counted(old)) == {}

    async def add() -> None:
        async with Campaign.open(old) as campaign:
            await campaign.add(PEOPLE, "Hello")

    asyncio.run(add())
    all_is_known(old, sandbox)
    schemas = []
    for each in (old, path):
        with contextlib.closing(sqlite3.connect(each)) as connection:
            schemas.append(connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall())
    assert schemas[0] == schemas[1]


# Suppressed, and resolved


def test_a_suppressed_number_is_never_sent_to_whatever_a_person_resolves(path: Path, sandbox: Sandbox) -> None:
    cut_off(path, sandbox)

    async def decide() -> list[str]:
        async with Campaign.open(path) as campaign:
            unknown = [outcome.phone async for outcome in campaign.outcomes() if outcome.status == "unknown"]
            assert unknown
            let_minutes_pass(path)
            came = {text.phone for text in sandbox.texts}
            some = [phone for phone in unknown if phone not in came] or unknown[:1]
            async with AsyncClient(api_key=KEY, url=sandbox.url, quota=MemoryQuota(), **WORLD) as client:
                resolved = False
                async for _ in campaign.run(client, suppress=some):
                    if not resolved:
                        resolved = True
                        assert await campaign.resolve(some, as_="planned", by="Ann") == 0
            return some

    some = asyncio.run(decide())
    came = sum(text.phone in some for text in sandbox.texts)
    asyncio.run(go_on(path, sandbox))
    nobody_twice(sandbox)
    assert sum(text.phone in some for text in sandbox.texts) == came
    assert asyncio.run(counted(path))["unknown"] >= len(some)


async def test_adding_the_same_again_suppresses_all_the_same(path: Path, sandbox: Sandbox) -> None:
    async with Campaign.open(path) as campaign:
        assert not await campaign.add(PEOPLE, "Hello", suppress=PEOPLE[:3])
    await go_on(path, sandbox)
    assert await counted(path) == {"accepted": len(PEOPLE) - 3, "skipped": 3}


def test_the_command_says_who_stays_as_they_are(path: Path, sandbox: Sandbox) -> None:
    unknown = cut_off(path, sandbox)
    let_minutes_pass(path)
    asyncio.run(go_on(path, sandbox, suppress=PEOPLE))
    said = command("resolve", "--ledger", path, "--status", "unknown", "--by", "Ann", "--as", "planned")
    assert f"0 recipients are planned from now on {unknown} are suppressed, and stay as they are" in said


async def test_whoever_is_suppressed_while_a_run_has_them_in_hand_is_skipped(path: Path, sandbox: Sandbox) -> None:
    last = PEOPLE[-7:]
    async with (
        AsyncClient(api_key=KEY, url=sandbox.url, quota=MemoryQuota(), **WORLD) as client,
        Campaign.open(path) as campaign,
        Campaign.open(path) as page,
    ):
        outcomes: list[Outcome] = []
        async for outcome in campaign.run(client):
            if not outcomes:
                await page.ledger.suppress(last, "a page")
            outcomes.append(outcome)
        assert {outcome.phone for outcome in outcomes} == set(PEOPLE) - set(last)
    assert await counted(path) == {"accepted": len(PEOPLE) - 7, "skipped": 7}
    assert not {text.phone for text in sandbox.texts} & set(last)


def test_who_was_cut_off_is_not_planned_again_before_ten_minutes_are_over(path: Path, sandbox: Sandbox) -> None:
    unknown = cut_off(path, sandbox)
    resolve = ("resolve", "--ledger", path, "--status", "unknown", "--by", "Ann", "--as")
    said = command(*resolve, "planned")
    assert f"{unknown} of these recipients were being sent to by a process that was cut off" in said
    let_minutes_pass(path, 9)
    assert "they can be planned again from" in command(*resolve, "planned")
    let_minutes_pass(path, 2)
    assert f"{unknown} recipients are planned from now on" in command(*resolve, "planned")


def test_who_was_cut_off_may_be_found_accepted_at_once(path: Path, sandbox: Sandbox) -> None:
    cut_off(path, sandbox)
    said = command("resolve", "--ledger", path, "--status", "unknown", "--by", "Ann", "--as", "accepted")
    assert "are accepted from now on" in said
