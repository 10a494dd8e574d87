"""The file: whole or not at all, the same content once, and what it says of damage, full disks and other versions."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign, ConfigurationError, LedgerError, Message, Status
from customersms_async.campaign.ledger import CampaignLedger
from customersms_async.campaign.lock import RunLock
from customersms_async.campaign.schema import VERSION
from customersms_async.campaign.transitions import Intent, ranges
from support.ledger_aging import let_minutes_pass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

PEOPLE = [f"+1212{number:07}" for number in range(2_500)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


async def filled(path: Path, people: list[str] = PEOPLE) -> None:
    async with Campaign.open(path) as campaign:
        await campaign.add(people, "Hello")


async def counted(path: Path) -> dict[str, int]:
    async with Campaign.open(path, create=False) as campaign:
        return {state.value: count for state, count in (await campaign.counts()).items() if count}


# Adding


async def test_each_input_is_planned_or_skipped_with_its_reason(path: Path) -> None:
    texts = [Message("+12125551234", "A"), Message("+1 212 555 1234", "A"), Message("+12125551234", "B")]
    texts += [Message("nobody", "A"), Message("+12125551235", ""), Message("+13235554567", "A")]
    async with Campaign.open(path) as campaign:
        assert await campaign.add(texts, suppress=["+1 (323) 555-4567"])
        found = [(o.index, o.phone, o.status, o.code) async for o in campaign.outcomes()]
    assert found == [
        (0, "+12125551234", Status.UNSENT, None),
        (1, "+12125551234", Status.UNSENT, "DUPLICATE"),
        (2, "+12125551234", Status.UNSENT, None),
        (3, "nobody", Status.UNSENT, "INVALID_PHONE"),
        (4, "+12125551235", Status.UNSENT, "INVALID_MESSAGE"),
        (5, "+13235554567", Status.UNSENT, "SUPPRESSED"),
    ]


async def test_texts_are_frozen_with_their_segments_and_equal_ones_kept_once(path: Path) -> None:
    texts = [Message(phone, f"{'long ' * 40}{number % 3}") for number, phone in enumerate(PEOPLE)]
    async with Campaign.open(path) as campaign:
        await campaign.add(texts)
        assert await campaign.ledger.read(lambda c: c.execute("SELECT count(*) FROM texts").fetchone()) == (3,)
        (count,) = await campaign.ledger.counts()
        assert (count.recipients, count.segments) == (2_500, 5_000)


async def test_repeats_are_found_however_far_apart(path: Path) -> None:
    texts = [Message(phone, f"text {number % 400}") for number, phone in enumerate(PEOPLE)]
    async with Campaign.open(path) as campaign:
        await campaign.add([*texts, *reversed(texts)])
        assert await campaign.counts() | {} == {
            "planned": 2_500, "sending": 0, "accepted": 0, "rejected": 0, "unknown": 0, "skipped": 2_500,
        }  # fmt: skip


async def test_the_same_content_again_adds_nothing_and_other_content_is_refused(path: Path) -> None:
    await filled(path)
    async with Campaign.open(path) as campaign:
        assert not await campaign.add(iter(PEOPLE), "Hello")
        for people, message in ((PEOPLE, "Hi"), (PEOPLE[:-1], "Hello"), ([*PEOPLE[1:], PEOPLE[0]], "Hello")):
            with pytest.raises(ConfigurationError, match="use another ledger"):
                await campaign.add(people, message)
    assert await counted(path) == {"planned": 2_500}


async def test_an_input_that_breaks_off_adds_nothing(path: Path) -> None:
    def breaking() -> Iterator[str]:
        yield from PEOPLE
        raise OSError("the input is gone")

    async def endless() -> AsyncIterator[str]:
        for phone in PEOPLE:
            yield phone
        await asyncio.Event().wait()

    async with Campaign.open(path) as campaign:
        with pytest.raises(OSError, match="the input is gone"):
            await campaign.add(breaking(), "Hello")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(campaign.add(endless(), "Hello"), 0.2)
        with pytest.raises(ConfigurationError, match="no recipients"):
            await campaign.add([], "Hello")
        with pytest.raises(ConfigurationError, match="either"):
            await campaign.add([*PEOPLE, Message("+12125551234", "Hi")], "Hello")
        assert await campaign.ledger.added() is None
        assert await campaign.add(PEOPLE, "Hello")
    assert await counted(path) == {"planned": 2_500}


def test_numbers_that_follow_each_other_are_kept_short() -> None:
    assert ranges([0, 1, 2, 5, 7, 8]) == "0-2 5 7-8"


# Damage


def newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()


def foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE t (x)")
    connection.close()


def without_its_last_rows(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript("DROP TRIGGER kept_recipients; DELETE FROM recipients WHERE id > 2000")
    connection.close()


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda path: os.truncate(path, path.stat().st_size // 2), "cut short"),
        (lambda path: os.truncate(path, 50), "no campaign ledger"),
        (lambda path: os.truncate(path, 0), "it is empty"),
        (lambda path: path.write_text("phone\n+12125551234\n" * 100), "no campaign ledger"),
        (newer, "newer version of customersms_async"),
        (foreign, "no campaign ledger"),
        (without_its_last_rows, "does not hold all recipients"),
    ],
    ids=["half", "header", "empty", "text", "newer", "foreign", "rows"],
)
async def test_a_file_that_is_no_whole_ledger_is_refused_and_left_as_it_is(path: Path, harm: object, says: str) -> None:
    await filled(path)
    await asyncio.to_thread(harm, path)  # type: ignore[arg-type]
    before = await asyncio.to_thread(path.read_bytes)
    with pytest.raises(LedgerError, match=says) as raised:
        await filled(path)
    assert raised.value.path == str(path)
    assert await asyncio.to_thread(path.read_bytes) == before


async def test_damage_in_the_middle_is_found_before_anything_is_sent(path: Path) -> None:
    await filled(path)

    def scribble() -> None:
        with path.open("r+b") as file:
            file.seek(5 * 4096)
            file.write(b"\xff" * 4096)

    await asyncio.to_thread(scribble)
    ledger = await CampaignLedger.open(path, create=False)
    with pytest.raises(LedgerError, match="it is damaged"):
        await ledger.lock()
    await ledger.close()


async def test_a_ledger_that_is_not_there_is_made_only_when_asked_for(path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no such ledger"):
        await counted(path)
    await asyncio.to_thread(path.with_name("ledger-wal").touch)
    with pytest.raises(LedgerError, match="ledger-wal without its ledger"):
        await filled(path)


def test_a_full_disk_ends_it_and_harms_nothing(path: Path) -> None:
    """A process that may write no more than so many bytes to a file meets what a full disk does."""
    asyncio.run(filled(path))
    size = path.stat().st_size
    script = """
import asyncio, resource, sys
from customersms_async import Campaign, LedgerError
from customersms_async.campaign.transitions import Intent
from pathlib import Path

async def main(path, size):
    async with Campaign.open(path) as campaign:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        try:
            for at in range(0, 2_500, 100):
                await campaign.ledger.begin(Intent(range(at, at + 100), None))
        except LedgerError as error:
            print(error)

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""
    ended = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script, str(path), str(size // 2)], capture_output=True, encoding="utf-8", check=True
    )
    assert "the disk is full" in ended.stdout
    counts = asyncio.run(counted(path))
    assert sum(counts.values()) == 2_500
    assert counts["planned"] % 100 == 0
    assert set(counts) <= {"planned", "unknown"}


def test_a_full_disk_while_adding_adds_nothing(path: Path) -> None:
    script = """
import asyncio, resource, sys
from customersms_async import Campaign, LedgerError

async def main(path):
    async with Campaign.open(path) as campaign:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
        try:
            await campaign.add((f"+1212{n:07}" for n in range(100_000)), "Hello")
        except LedgerError as error:
            print(error)

asyncio.run(main(sys.argv[1]))
"""
    ended = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script, str(path)], capture_output=True, encoding="utf-8", check=True
    )
    assert "the disk is full" in ended.stdout
    assert asyncio.run(counted(path)) == {}
    asyncio.run(filled(path))
    assert asyncio.run(counted(path)) == {"planned": 2_500}


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_read_only_ledger_is_refused(path: Path, what: str) -> None:
    asyncio.run(filled(path))
    before = path.read_bytes()
    script = """
import asyncio, os, sys
from customersms_async import Campaign, LedgerError
if os.geteuid() == 0:
    os.seteuid(65534)

async def main(path):
    try:
        async with Campaign.open(path) as campaign:
            await campaign.counts()
    except LedgerError as error:
        print(error)

asyncio.run(main(sys.argv[1]))
"""
    folders = [folder for folder in path.parents if folder.stat().st_mode & 0o777 == 0o700]  # pytest's own
    modes = [folder.stat().st_mode for folder in folders]
    for folder in folders:
        folder.chmod(0o755)
    path.chmod(0o444 if what == "file" else 0o666)
    ended = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script, str(path)], capture_output=True, encoding="utf-8", check=False
    )
    for folder, mode in zip(folders, modes, strict=True):
        folder.chmod(mode)
    assert ("it is read-only" if what == "file" else "its folder is read-only") in ended.stdout, ended
    assert path.read_bytes() == before


# One runner


async def test_only_one_runs_at_a_time_and_the_other_hears_who_does(path: Path) -> None:
    await filled(path)
    first, second = [await CampaignLedger.open(path, create=False) for _ in range(2)]
    await first.lock()
    with pytest.raises(LedgerError, match=f"a campaign is running on it: process {os.getpid()}, since "):
        await second.lock()
    await first.unlock()
    await second.lock()
    await first.close()
    await second.close()


async def test_a_link_to_a_ledger_has_the_same_lock(path: Path) -> None:
    await filled(path)
    link = path.with_name("link")
    await asyncio.to_thread(link.symlink_to, path)
    first, second = await CampaignLedger.open(path, create=False), await CampaignLedger.open(link, create=False)
    await first.lock()
    with pytest.raises(LedgerError, match="a campaign is running"):
        await second.lock()
    await first.close()
    await second.close()


def test_a_lock_is_free_when_its_holder_is_killed(path: Path) -> None:
    path.touch()
    script = (
        "import sys; from pathlib import Path; from customersms_async.campaign.lock import RunLock\n"
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
    ledger = await CampaignLedger.open(path, create=False)
    await ledger.begin(Intent(range(100), None))
    copy = path.with_name("copy")
    for end in ("", "-wal"):
        await asyncio.to_thread(shutil.copy, f"{path}{end}", f"{copy}{end}")
    await ledger.close()
    assert await counted(copy) == {"planned": 2_400, "unknown": 100}


async def test_two_runners_never_begin_with_the_same_recipient(path: Path) -> None:
    """The second line of defence, should a lock fail: the ledger itself refuses."""
    await filled(path)
    ledger = await CampaignLedger.open(path, create=False)
    await ledger.begin(Intent([0, 1], None))
    with pytest.raises(LedgerError, match="not planned any more"):
        await ledger.begin(Intent([1, 2], None))
    (planned, sending) = await ledger.counts()
    assert (planned.recipients, sending.recipients) == (2_498, 2)
    await ledger.close()


# What a person decides


async def test_a_person_resolves_what_is_unknown_and_the_ledger_keeps_who(path: Path) -> None:
    await filled(path)
    ledger = await CampaignLedger.open(path, create=False)
    await ledger.begin(Intent(range(10), None))
    await ledger.close()
    async with Campaign.open(path) as campaign:
        let_minutes_pass(path)
        assert await campaign.resolve([PEOPLE[0], "+1 212 000 0001", PEOPLE[99]], as_="accepted", by="Ann") == 2
        assert await campaign.resolve("unknown", as_="planned", by="Bob") == 8
        assert await campaign.resolve("rejected", as_="planned", by="Bob") == 0
        found = await campaign.ledger.read(
            lambda c: c.execute("SELECT by, becomes, recipients, ids FROM resolutions").fetchall()
        )
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
        await campaign.ledger.begin(Intent(range(10), None))
        counted = await campaign.ledger.counts()
        grouped = await campaign.ledger.read(
            lambda c: c.execute("SELECT state, code, count(*), sum(segments) FROM recipients GROUP BY 1, 2").fetchall()
        )
    assert sorted(counted) == sorted(grouped)


async def test_a_hundred_thousand_are_added_and_exported_in_bounded_memory(path: Path) -> None:
    """The million is in benchmarks/ledger.py."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with Campaign.open(path) as campaign:
        await campaign.add(Message(f"+1212{n:07}", f"Hi {n}") for n in range(100_000))
        count = 0
        async for _ in campaign.outcomes():
            count += 1
    assert count == 100_000
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 30
