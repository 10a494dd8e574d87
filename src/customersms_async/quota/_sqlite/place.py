"""The place of a ``SQLiteQuota``'s file: what is there, and how a new file gets there, whole or not at all."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...errors import QuotaStoreError
from .schema import SCHEMA

if TYPE_CHECKING:
    from ..host_clock import Moment

_SMALLEST: Final = 512
"""Bytes; no database has smaller pages. SQLite takes what is shorter for an empty one."""

START_ANEW: Final = "Restore it; or delete it, with its -wal and -shm files, to start with an unused quota."


def identity(path: Path) -> tuple[int, int]:
    """The device and inode of the file at this place, which stay while somebody has it open. Raises ``OSError``."""
    status = path.stat()
    return status.st_dev, status.st_ino


def look(path: Path) -> tuple[int, int] | None:
    """The identity of a file that may be one of ours, or None if there is none.

    It is not opened here: closing it would let go of every lock that this process has on it (POSIX). An empty file,
    which SQLite would take for a new one, is never ours, as ``make`` shows only whole ones: somebody cut it, and what
    was counted in it is lost.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
        raise QuotaStoreError(f"The quota file {path} can't be used: it is {what}.")
    if status.st_size < _SMALLEST:
        raise QuotaStoreError(
            f"The quota file {path} has only {status.st_size} bytes: it was cut, or made by something else. "
            f"{START_ANEW}"
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise QuotaStoreError(f"The quota file {path} can't be used: this user may not read and write it.")
    return status.st_dev, status.st_ino


def make(path: Path, moment: Moment) -> None:
    """Make the file beside its place, whole and closed, then put it there unless somebody was first.

    So it is complete and private (mode 0600) from the first moment that anybody can see it, and a crash leaves nothing
    that would have to be told from a damaged one: at most a hidden file that nobody looks at.
    """
    if not path.parent.is_dir():
        raise QuotaStoreError(f"The quota file {path} can't be made: there is no folder {path.parent}.")
    opened, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    os.close(opened)
    try:
        with closing(sqlite3.connect(name, isolation_level=None)) as db:
            db.executescript(SCHEMA)
            db.execute("INSERT INTO clock VALUES (1, ?, ?, ?, 0)", moment)
            db.execute("PRAGMA journal_mode = WAL")
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Let the name survive a loss of power too, where the system can: a lost file would be an unused quota."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
