"""``SQLiteQuota`` on file systems that lack something, and how safely it writes."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING

import pytest

from customersms_async import ConfigurationError, SQLiteQuota
from support.sqlite_host import HOLD_US, THREE, message, run, take, used
from support.traced_sqlite import traced
from support.without_links import REASONS, break_links

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("reason", REASONS)
async def test_without_hard_links_one_file_is_made_whole(
    reason: str, make: Callable[..., SQLiteQuota], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_links(monkeypatch, reason)
    stores = [make(lock_timeout=30) for _ in range(8)]
    taken = await asyncio.gather(*(store.take("key", THREE, HOLD_US) for store in stores))
    assert sorted(request for request in taken if isinstance(request, int)) == [1, 2, 3]
    assert {each.name for each in path.parent.iterdir()} == {"quota.db", "quota.db-wal", "quota.db-shm"}


@pytest.mark.parametrize("event", ["os.rename", "os.remove"])
async def test_a_process_that_is_killed_while_it_makes_the_file_without_hard_links_leaves_nothing_in_the_way(
    event: str, make: Callable[..., SQLiteQuota], path: Path
) -> None:
    script = """if True:
        import asyncio, os, sys
        from customersms_async.quota import SQLiteQuota
        del os.link
        sys.addaudithook(lambda event, arguments: os._exit(0) if event == sys.argv[2] else None)
        asyncio.run(SQLiteQuota(sys.argv[1]).usage("key", ()))
        sys.exit("it was not killed")
    """
    run(script, path, event)
    await take(make(), THREE)


async def test_without_hard_links_and_locks_it_says_what_is_missing(
    store: SQLiteQuota, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    break_links(monkeypatch, "EPERM")
    monkeypatch.setattr(fcntl, "flock", flock)
    assert await message(store) == f"The quota file {path} can't be used: No locks available."
    assert not list(path.parent.glob("quota.db*"))


async def test_whatever_is_written_is_written_to_the_disk_of_a_mac_too(
    make: Callable[..., SQLiteQuota], monkeypatch: pytest.MonkeyPatch
) -> None:
    with traced(monkeypatch) as connections:
        for _ in range(2):  # one that is made, and one that is there
            async with make() as store:
                await used(store)
    assert len([each for each in connections if each.writes]) == 3
    assert all(each.is_synced_fully for each in connections if each.writes), connections


def test_a_path_that_no_system_has_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="null character"):
        SQLiteQuota("quota\0.db")
