"""Ledgers that are damaged, foreign, read-only, or on a full disk: refused in a sentence, and left as they are."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customersms_async import LedgerError
from customersms_async.campaign._sqlite.errors import translated
from customersms_async.campaign._sqlite.ledger import SQLiteLedger
from customersms_async.campaign._sqlite.schema import VERSION
from support.filled_ledger import counted, filled
from support.platforms import needs_posix
from support.wanted_runs import run_is_wanted

if TYPE_CHECKING:
    from collections.abc import Iterator


def newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()


def foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE t (x)")
    connection.close()


def with_a_view(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript("CREATE VIEW everyone AS SELECT * FROM recipients")
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
        (with_a_view, r"that no campaign makes \(everyone\): drop it"),
        (without_its_last_rows, "does not hold all recipients"),
    ],
    ids=["half", "header", "empty", "text", "newer", "foreign", "view", "rows"],
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
    ledger = await SQLiteLedger.open(path, create=False)
    with pytest.raises(LedgerError, match="it is damaged"):
        await ledger.become_runner()
    await ledger.close()


def test_a_ledger_that_sqlite_has_no_readable_words_for_is_damaged_too(path: Path) -> None:
    with pytest.raises(LedgerError, match="it is damaged: restore it from a backup"), translated(path):
        b"\xff".decode()


async def test_a_ledger_that_is_not_there_is_made_only_when_asked_for(path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no such ledger"):
        await counted(path)
    await asyncio.to_thread(path.with_name("ledger-wal").touch)
    with pytest.raises(LedgerError, match="ledger-wal without its ledger"):
        await filled(path)


async def filled_and_wanted(path: Path) -> None:
    await filled(path)
    ledger = await SQLiteLedger.open(path, create=False)
    await run_is_wanted(ledger)
    await ledger.close()


@needs_posix
def test_a_full_disk_ends_it_and_harms_nothing(path: Path) -> None:
    """A process that may write no more than so many bytes to a file meets what a full disk does."""
    asyncio.run(filled_and_wanted(path))
    size = path.stat().st_size
    script = """
import asyncio, resource, sys
from customersms_async import Campaign, LedgerError
from customersms_async.campaign.rows import Intent
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


@needs_posix
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


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that other users may enter, unlike those that pytest makes."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


@needs_posix
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_read_only_ledger_is_refused(open_to_all: Path, what: str) -> None:
    path = open_to_all / "ledger"
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
    path.chmod(0o444 if what == "file" else 0o666)
    open_to_all.chmod(0o555 if what == "folder" else 0o755)
    ended = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script, str(path)], capture_output=True, encoding="utf-8", check=False
    )
    assert ("it is read-only" if what == "file" else "its folder is read-only") in ended.stdout, ended
    assert path.read_bytes() == before
