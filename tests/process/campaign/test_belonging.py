"""A main file and the ``-wal`` beside it: of one ledger and of one time, or refused.

Each of these was found by an attack, and had people texted twice, or texted although suppressed.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign, LedgerError
from customersms_async.campaign._sqlite import opening
from customersms_async.campaign._sqlite.file import LedgerFile
from customersms_async.campaign._sqlite.lock import RunLock
from support.campaign_run import PEOPLE, Run, all_is_known, counted, cut_off, go_on, nobody_twice
from support.other_sqlite import lose_memory_to_another, others_are_kept

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

MARKED_IN_ITS_WAL_ONLY = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA wal_autocheckpoint = 0")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE session SET closed = 0, place = ?, era = 'x'", (sys.argv[1],))
connection.execute("UPDATE progress SET era = 'x'")
connection.execute("COMMIT")
os.kill(os.getpid(), signal.SIGKILL)
"""


def another(path: Path, name: str) -> Path:
    """A second ledger of the same people."""
    other = path.with_name(name)

    async def add() -> None:
        async with Campaign.open(other) as campaign:
            await campaign.add(PEOPLE, "Hi")

    asyncio.run(add())
    return other


def test_what_only_the_wal_says_is_said_in_the_main_file_before_anything_is_sent(path: Path, sandbox: Sandbox) -> None:
    """Somebody was killed right after he had said so, and before it was brought into the main file."""
    ended = subprocess.run([sys.executable, "-c", MARKED_IN_ITS_WAL_ONLY, str(path)], check=False)  # noqa: S603
    assert ended.returncode == -signal.SIGKILL
    run = Run(path, sandbox.url)
    run.comes_some_way()
    run.kill()
    moved = path.rename(path.with_name("moved"))
    with pytest.raises(LedgerError, match="bring moved-wal beside it"):
        asyncio.run(go_on(moved, sandbox))


def test_the_wal_of_another_ledger_is_refused(path: Path, sandbox: Sandbox) -> None:
    other = another(path, "summer.ledger")
    for each in (path, other):
        cut_off(each, sandbox)
        run = Run(each, sandbox.url, enough=10)
        run.comes_some_way()
        run.kill()
    other.replace(path)
    with pytest.raises(LedgerError, match="belongs to another ledger, or to another time of this one"):
        asyncio.run(go_on(path, sandbox))


def test_an_older_main_file_under_a_newer_wal_is_refused(path: Path, sandbox: Sandbox) -> None:
    monday = path.with_name("monday")
    shutil.copy(path, monday)
    run = Run(path, sandbox.url)
    run.comes_some_way()
    run.kill()
    path.write_bytes(monday.read_bytes())
    with pytest.raises(LedgerError, match="belongs to another ledger, or to another time of this one"):
        asyncio.run(go_on(path, sandbox))


def test_a_copy_does_not_run_because_its_original_can_not(path: Path, sandbox: Sandbox) -> None:
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    run = Run(path, sandbox.url)
    run.comes_some_way()
    run.kill()
    path.with_name("spring.ledger-wal").rename(path.with_name("aside"))
    with pytest.raises(LedgerError, match="it was not closed in order"):
        asyncio.run(go_on(path, sandbox))
    with pytest.raises(LedgerError, match=r"it is (a copy of|an older copy)"):
        asyncio.run(go_on(copy, sandbox))
    nobody_twice(sandbox)


def test_a_file_that_is_mounted_without_its_folder_is_refused(path: Path, sandbox: Sandbox) -> None:
    name = path.with_name("in the container")
    name.touch()
    mount = ["mount", "--bind", str(path), str(name)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False, capture_output=True).returncode:  # noqa: S603
        pytest.skip("nothing can be mounted here")
    try:
        with pytest.raises(LedgerError, match="mount its folder"):
            asyncio.run(go_on(name, sandbox))
    finally:
        subprocess.run(["umount", str(name)], check=True)  # noqa: S603, S607
    all_is_known(path, sandbox)


def test_a_backup_from_before_a_suppression_is_refused(path: Path, sandbox: Sandbox) -> None:
    asyncio.run(go_on(path, sandbox, max_recipients=10**6))
    other = another(path, "second.ledger")
    backup = other.read_bytes()

    async def suppress() -> None:
        async with Campaign.open(other) as campaign:
            await campaign.add(PEOPLE, "Hi", suppress=PEOPLE[:100])

    asyncio.run(suppress())
    other.write_bytes(backup)
    with pytest.raises(LedgerError, match=r"it is an older copy: 1 change made since is not in it"):
        asyncio.run(go_on(other, sandbox))


def test_a_suppression_that_was_lost_with_its_wal_is_missed(path: Path, sandbox: Sandbox) -> None:
    script = """
import asyncio, os, signal, sys
from customersms_async import Campaign
async def main():
    async with Campaign.open(sys.argv[1]) as campaign:
        await campaign.add([f"+1212{n:07}" for n in range(600)], "Hello", suppress=["+12120000000"])
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)  # noqa: S603 - our own script
    path.with_name("spring.ledger-wal").unlink()
    with pytest.raises(LedgerError, match="it was not closed in order"):
        asyncio.run(counted(path))


def test_nothing_is_written_over_what_others_wrote_since(path: Path, sandbox: Sandbox) -> None:
    """The shared memory was removed in the middle of a run, and others have made another."""
    run = Run(path, sandbox.url)
    run.comes_some_way()
    run.stop_between_changes(path)
    path.with_name("spring.ledger-shm").unlink()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE others (x)")
        run.send_signal(signal.SIGCONT)
        assert "moved, deleted or replaced while in use" in run.end()
        assert connection.execute("SELECT count(*) FROM others").fetchone() == (0,)
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    all_is_known(path, sandbox)


def test_what_others_wrote_and_closed_since_stays_after_the_run_has_closed(path: Path, sandbox: Sandbox) -> None:
    run = Run(path, sandbox.url)
    run.comes_some_way()
    run.stop_between_changes(path)
    lose_memory_to_another(path)
    run.send_signal(signal.SIGCONT)
    assert "moved, deleted or replaced while in use" in run.end()
    others_are_kept(path)
    all_is_known(path, sandbox)


@pytest.mark.parametrize("anywhere", [True, False])
def test_a_change_that_is_under_way_is_not_written_over_what_others_wrote(path: Path, anywhere: bool) -> None:
    file = LedgerFile(path, RunLock(path), opening.identity(path))

    def change() -> None:
        with file.transaction(anywhere=anywhere) as connection:
            connection.execute("UPDATE recipients SET code = 'ours'")
            lose_memory_to_another(path)

    with pytest.raises(LedgerError, match="moved, deleted or replaced while in use"):
        change()
    file.close()
    others_are_kept(path)


# Wrong refusals


def test_another_program_s_look_at_a_ledger_that_nobody_was_sent_from_is_no_loss(tmp_path: Path) -> None:
    script = """
import asyncio, os, signal, sys
from customersms_async import Campaign
async def main():
    async with Campaign.open(sys.argv[1]) as campaign:
        await campaign.add(["+12120000000"], "Hello")
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    path = tmp_path / "new.ledger"
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)  # noqa: S603 - our own script
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT count(*) FROM recipients").fetchone()
    assert asyncio.run(counted(path)) == {"planned": 1}


def test_a_program_that_does_without_a_wal_loses_nothing(path: Path, sandbox: Sandbox) -> None:
    run = Run(path, sandbox.url)
    run.comes_some_way()
    run.kill()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    all_is_known(path, sandbox)


def test_many_may_make_the_same_ledger_at_once(tmp_path: Path) -> None:
    path = tmp_path / "spring[1].ledger"

    async def make() -> int:
        async with Campaign.open(path) as campaign:
            return sum((await campaign.counts()).values())

    async def main() -> list[int]:
        return await asyncio.gather(*(make() for _ in range(20)))

    assert asyncio.run(main()) == [0] * 20
    assert [file.name for file in tmp_path.iterdir() if ".new-" in file.name] == []


LOOKS = """
import sqlite3, sys
connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
connection.execute("SELECT count(*) FROM recipients").fetchone()
print("looks", flush=True)
sys.stdin.read()
"""


POLLS = """
import asyncio, contextlib, sys
from customersms_async import Campaign, LedgerError

async def main():
    while True:
        with contextlib.suppress(LedgerError):
            async with Campaign.open(sys.argv[1], create=False) as campaign:
                await campaign.counts()
        await asyncio.sleep(0.005)

asyncio.run(main())
"""


def moved_without_its_wal(path: Path, sandbox: Sandbox) -> tuple[Path, Path]:
    """Where the ledger of a killed run is now, and where its ``-wal`` still is."""
    run = Run(path, sandbox.url)
    run.comes_some_way()
    run.kill()
    moved, wal = path.with_name("moved.ledger"), path.with_name(path.name + "-wal")
    assert wal.stat().st_size
    path.rename(moved)
    return moved, wal


def test_a_wal_that_is_brought_while_another_program_looks_is_never_written_over(path: Path, sandbox: Sandbox) -> None:
    """Whoever looks at a main file alone has SQLite believe, for as long as it looks, that its -wal is empty."""
    moved, wal = moved_without_its_wal(path, sandbox)
    with subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-c", LOOKS, str(moved)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as looks:
        assert looks.stdout is not None
        assert looks.stdout.readline() == b"looks\n"
        brought = wal.rename(moved.with_name("moved.ledger-wal"))
        before = brought.read_bytes()
        asyncio.run(counted(moved))
        with pytest.raises(LedgerError, match="older copy, or its -wal was brought while another program"):
            asyncio.run(resolved(moved))
        with pytest.raises(LedgerError, match="older copy"):
            asyncio.run(go_on(moved, sandbox))
        assert brought.read_bytes() == before
    all_is_known(moved, sandbox)


def test_whoever_looks_at_a_main_file_without_its_wal_lets_it_be_brought(path: Path, sandbox: Sandbox) -> None:
    moved, wal = moved_without_its_wal(path, sandbox)
    with subprocess.Popen([sys.executable, "-c", POLLS, str(moved)]) as polls:  # noqa: S603 - our own script
        try:
            with pytest.raises(LedgerError, match=r"bring moved\.ledger-wal beside it"):
                asyncio.run(go_on(moved, sandbox))
            wal.rename(moved.with_name("moved.ledger-wal"))
            all_is_known(moved, sandbox)
        finally:
            polls.kill()
    all_is_known(moved, sandbox)


async def resolved(path: Path) -> None:
    async with Campaign.open(path, create=False) as campaign:
        await campaign.resolve([PEOPLE[-1]], as_="accepted", by="Ann")
