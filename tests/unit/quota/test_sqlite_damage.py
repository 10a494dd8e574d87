"""What may happen to the file of a ``SQLiteQuota``, each met with a sentence and never with a new start."""

# ruff: noqa: ASYNC240 - a test may wait for its own small files

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customersms_async._core.layers import Layer, Wait
from customersms_async.errors import QuotaStoreError
from customersms_async.quota._sqlite.file import QuotaFile
from customersms_async.quota.host_clock import host_moment
from support.other_sqlite import lose_memory_to_another, others_are_kept
from support.platforms import needs_posix
from support.sqlite_host import ANEW, HOLD_US, ONE, THREE, Clock, message, run, take, used

if TYPE_CHECKING:
    from collections.abc import Callable

    from customersms_async.quota.sqlite import SQLiteQuota


async def test_a_missing_folder_is_named(make: Callable[..., SQLiteQuota], tmp_path: Path) -> None:
    at = tmp_path / "none" / "quota.db"
    assert await message(make(at)) == f"The quota file {at} can't be made: there is no folder {at.parent}."
    at.parent.mkdir()
    store = make(at)
    await take(store)


async def test_a_store_that_could_not_be_opened_is_tried_again(store: SQLiteQuota, path: Path) -> None:
    path.mkdir()
    assert await message(store) == f"The quota file {path} can't be used: it is a folder."
    path.rmdir()
    await take(store)


@needs_posix
async def test_a_pipe_or_a_path_through_a_file_is_refused(make: Callable[..., SQLiteQuota], path: Path) -> None:
    os.mkfifo(path)
    assert await message(make()) == f"The quota file {path} can't be used: it is no regular file."
    assert await message(make(path / "x")) == f"The quota file {path / 'x'} can't be used: Not a directory."


@pytest.mark.parametrize("size", [0, 1, 61, 511])
async def test_an_empty_or_tiny_file_is_not_taken_for_a_new_one(store: SQLiteQuota, path: Path, size: int) -> None:
    path.write_bytes(b"SQLite format 3\0".ljust(size)[:size])
    assert await message(store) == (
        f"The quota file {path} has only {size} bytes: it was cut, or made by something else. {ANEW}"
    )
    assert path.stat().st_size == size


async def test_a_text_file_is_refused_and_left_alone(store: SQLiteQuota, path: Path) -> None:
    path.write_text("my notes\n" * 1_000)
    assert await message(store) == (
        f"The quota file {path} is not a quota file, or is damaged: file is not a database. {ANEW}"
    )
    assert path.read_text() == "my notes\n" * 1_000


async def test_another_applications_database_is_refused_and_left_alone(store: SQLiteQuota, path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (x)")
    content = path.read_bytes()
    assert await message(store) == f"{path} is not a quota file: it is another application's database."
    assert path.read_bytes() == content


async def test_a_newer_version_is_refused(make: Callable[..., SQLiteQuota], path: Path) -> None:
    async with make() as first:
        await take(first)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 4")
    assert await message(make()) == (
        f"The quota file {path} has version 4, and this customersms_async knows 3 only: update customersms_async."
    )


@pytest.fixture
def full(path: Path, clock: Clock) -> int:
    """A closed file with several pages of rows; its size."""
    with closing(QuotaFile(path, clock, 0.01)) as file, file.key("key") as rows:
        for _ in range(3_000):
            taken = rows.take((Layer(10_000, 10**9),), HOLD_US)
            assert isinstance(taken, int)
            rows.settle(taken)
            clock.us += 1_000_000
    return path.stat().st_size


@pytest.mark.parametrize("part", [0.01, 0.1, 0.5, 0.9, 0.999])
async def test_a_cut_file_is_damaged(store: SQLiteQuota, path: Path, full: int, part: float) -> None:
    os.truncate(path, int(full * part))
    assert f"The quota file {path} is " in (text := await message(store))
    assert "damaged: " in text
    assert ANEW in text


@pytest.mark.parametrize("page", range(12))
async def test_a_page_that_was_overwritten_is_damage(store: SQLiteQuota, path: Path, full: int, page: int) -> None:
    assert full >= 12 * 4_096
    with path.open("r+b") as file:
        file.seek(page * 4_096)
        file.write(b"\xa5" * 128)
    assert f"The quota file {path} is " in (text := await message(store))
    assert "damaged: " in text
    assert ANEW in text


async def test_what_only_a_look_at_everything_finds_is_damage(store: SQLiteQuota, path: Path, full: int) -> None:
    with path.open("r+b") as file:
        file.seek(36)  # the header's count of free pages
        file.write((5).to_bytes(4, "big"))
    assert f"The quota file {path} is damaged: " in (text := await message(store))
    assert f"size is 0 but should be 5. {ANEW}" in text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("DELETE FROM clock", "it has lost its clock"),
        ("UPDATE clock SET now_us = 'noon'", "it has lost its clock"),
        ("DELETE FROM settled WHERE number = 7", "its counts and its rows disagree"),
        ("INSERT INTO held SELECT key, 1, 1 FROM keys", "its counts and its rows disagree"),
        ("UPDATE keys SET end = end + 1", "its counts and its rows disagree"),
        ("UPDATE keys SET paused_us = 'soon'", "rows are missing, or hold no numbers"),
        ("UPDATE settled SET at_us = 'now' WHERE number = 2999", "rows are missing, or hold no numbers"),
        ("INSERT INTO steps SELECT key, 1, 1 FROM keys", "its counts and its rows disagree"),
        ("DROP TABLE held", "no such table: held"),
        ("DROP TABLE steps", "no such table: steps"),
        ("DROP TABLE keys", "no such table: keys"),
    ],
)
async def test_content_that_makes_no_sense_is_damage(
    store: SQLiteQuota, path: Path, full: int, change: str, reason: str
) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(change)
        db.commit()
    assert await message(store) == f"The quota file {path} is damaged: {reason}. {ANEW}"


@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
async def test_a_locked_file_is_waited_for_and_then_named(store: SQLiteQuota, path: Path, lock: str) -> None:
    held = await take(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"BEGIN {lock}")
        assert await message(store) == (
            f"The quota file {path} is locked: another program has kept it so for 0.01 seconds."
        )
        db.execute("ROLLBACK")
    await store.give_back("key", held)
    await take(store)


async def test_a_call_waits_for_a_lock_that_goes_away(make: Callable[..., SQLiteQuota], path: Path) -> None:
    store = make(lock_timeout=30)
    await used(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(take(store))
        await asyncio.sleep(0)
        assert not task.done()
        db.execute("ROLLBACK")
    await task


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
async def test_a_file_that_was_deleted_or_replaced_is_not_counted_in(
    store: SQLiteQuota, path: Path, suffix: str
) -> None:
    part, aside = Path(f"{path}{suffix}"), path.with_name("aside")
    expected = (
        f"The quota file {path} (or its -wal or -shm file) was deleted, moved or replaced while in use:"
        " put it back, or restart every program that uses it."
    )
    await take(store)
    part.rename(aside)
    assert await message(store) == expected
    shutil.copy(aside, part)
    assert await message(store) == expected
    assert await message(store) == expected
    aside.rename(part)
    assert await used(store) == 1


def test_what_others_wrote_after_the_shared_memory_was_deleted_stays(path: Path) -> None:
    file = QuotaFile(path, host_moment, 0.01)

    def change() -> None:
        with file.transaction(durable=True) as (db, _):
            db.execute("CREATE TABLE ours (x)")
            lose_memory_to_another(path)

    with pytest.raises(QuotaStoreError, match="was deleted, moved or replaced while in use"):
        change()
    file.close()
    others_are_kept(path)


def test_a_file_that_is_replaced_while_it_is_being_opened_is_not_counted_in(path: Path) -> None:
    script = """if True:
        import asyncio, os, shutil, sys
        from customersms_async.quota.sqlite import SQLiteQuota
        path = sys.argv[1]
        def use():
            store = SQLiteQuota(path)
            try:
                asyncio.run(store.usage("key", ()))
            finally:
                store.close()
        use()
        shutil.copy(path, path + ".copy")
        def replace(event, _):
            if event == "sqlite3.connect/handle":
                os.replace(path + ".copy", path)
        sys.addaudithook(replace)
        try:
            use()
        except Exception as error:
            print(error)
    """
    assert run(script, path) == f"The quota file {path} was replaced while it was being opened.\n"


async def test_a_full_disk_grants_nothing_and_is_named(store: SQLiteQuota, path: Path) -> None:
    await used(store)
    core = store._threads.here()
    core.submit(lambda file: file._db.execute("PRAGMA max_page_count = 1").fetchall()).result()
    many = (Layer(10**6, 10**9),)
    with pytest.raises(QuotaStoreError, match=r"can't be written, as the disk is full: database or disk is full\.$"):
        for _ in range(1_000):
            await store.take("key", many, HOLD_US)
    before = await used(store, many)
    core.submit(lambda file: file._db.execute("PRAGMA max_page_count = 1000").fetchall()).result()
    await take(store, many)
    assert await used(store, many) == before + 1


@needs_posix
def test_a_file_that_may_not_be_written_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        script = """if True:
            import asyncio, os, sys
            from customersms_async.errors import QuotaStoreError
            from customersms_async.quota.sqlite import SQLiteQuota
            async def main():
                await SQLiteQuota(sys.argv[1]).usage("key", ())
                os.chmod(sys.argv[1], 0o444)
                os.chmod(os.path.dirname(sys.argv[1]), 0o555)
                if os.getuid() == 0:
                    os.setuid(65534)
                for path in sys.argv[1:]:
                    try:
                        await SQLiteQuota(path).usage("key", ())
                    except QuotaStoreError as error:
                        print(error)
            asyncio.run(main())
        """
        out = run(script, folder / "quota.db", folder / "new.db")
        folder.chmod(0o755)
    assert out.splitlines() == [
        f"The quota file {folder}/quota.db can't be used: this user may not read and write it.",
        f"The quota file {folder}/new.db can't be used: Permission denied.",
    ]


def test_an_interrupted_first_use_leaves_nothing_in_the_way(path: Path) -> None:
    """The process dies when the file is made, but not yet at its place."""
    script = """if True:
        import asyncio, os, sys, sqlite3
        from customersms_async.quota.sqlite import SQLiteQuota
        sys.addaudithook(lambda event, arguments: os._exit(0) if event == "os.link" else None)
        asyncio.run(SQLiteQuota(sys.argv[1]).usage("key", ()))
        sys.exit("it was not interrupted")
    """
    run(script, path)
    assert not path.exists()
    with closing(QuotaFile(path, host_moment, 0.01)) as file, file.key("key") as rows:
        assert rows.take(ONE, HOLD_US) == 1


async def test_what_takes_tokens_survives_a_loss_of_power_and_what_lets_go_of_them_need_not(store: SQLiteQuota) -> None:
    def synchronous() -> object:
        return store._threads.here().submit(lambda file: file._db.execute("PRAGMA synchronous").fetchone()[0]).result()

    full, normal = 2, 1
    held = await take(store, THREE)
    assert synchronous() == full
    await store.settle("key", held)
    assert synchronous() == normal
    await store.renew("key", held, THREE, HOLD_US)
    assert synchronous() == full
    await store.give_back("key", 2)
    assert synchronous() == normal
    await store.pause("key", 1)
    assert synchronous() == full


@needs_posix
async def test_what_a_killed_process_was_granted_stays_taken(make: Callable[..., SQLiteQuota], path: Path) -> None:
    script = """if True:
        import asyncio, os, signal, sys
        from customersms_async._core.layers import Layer
        from customersms_async.quota.host_clock import Moment
        from customersms_async.quota.sqlite import SQLiteQuota
        store = SQLiteQuota(sys.argv[1], clock=lambda: Moment("first boot", 0, 0))
        assert asyncio.run(store.take("key", (Layer(1, 1_000),), 500)) == 1
        os.kill(os.getpid(), signal.SIGKILL)
    """
    assert subprocess.run([sys.executable, "-c", script, str(path)], check=False).returncode == -9  # noqa: S603, ASYNC221
    assert path.with_name("quota.db-wal").exists()
    assert await make().take("key", ONE, HOLD_US) == Wait(1_000)


async def test_of_several_that_make_the_file_at_once_one_wins(make: Callable[..., SQLiteQuota], path: Path) -> None:
    stores = [make(lock_timeout=30) for _ in range(8)]
    taken = await asyncio.gather(*(store.take("key", THREE, HOLD_US) for store in stores))
    assert sorted(request for request in taken if isinstance(request, int)) == [1, 2, 3]
    assert {each.name for each in path.parent.iterdir()} == {"quota.db", "quota.db-wal", "quota.db-shm"}
