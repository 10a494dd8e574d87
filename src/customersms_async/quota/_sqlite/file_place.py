"""The place of a store's file: what is there, and how a new file gets there, whole or not at all."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from ..._runtime.new_files import give_place, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..host_clock import Moment


class StoreKind(NamedTuple):
    """One kind of store's files: ``words`` name it, ``error`` makes its error, of what may pass by itself or not.

    ``start_anew`` says what a person may do who has lost one, ``schema`` makes a new one, of ``version``, and
    ``changes`` bring one of an earlier version to this.
    """

    words: str
    error: Callable[[str, bool], Exception]
    start_anew: str
    application_id: int
    version: int
    schema: str
    changes: Mapping[int, str] = MappingProxyType({})


_SMALLEST: Final = 512
"""Bytes; no database has smaller pages. SQLite takes what is shorter for an empty one."""


def identity(path: Path) -> tuple[int, int]:
    """The device and inode of the file at this place, which stay while somebody has it open. Raises ``OSError``."""
    status = path.stat()
    return status.st_dev, status.st_ino


def look(path: Path, kind: StoreKind) -> tuple[int, int] | None:
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
        raise kind.error(f"The {kind.words} {path} can't be used: it is {what}.", False)
    if status.st_size < _SMALLEST:
        raise kind.error(
            f"The {kind.words} {path} has only {status.st_size} bytes: it was cut, or made by something else. "
            f"{kind.start_anew}",
            False,
        )
    if not os.access(path, os.R_OK | os.W_OK):
        why = "its file system is read-only" if _is_read_only(path) else "this user may not read and write it"
        raise kind.error(f"The {kind.words} {path} can't be used: {why}.", False)
    return status.st_dev, status.st_ino


def make(path: Path, moment: Moment, kind: StoreKind) -> None:
    """Make the file beside its place, whole and closed, then put it there unless somebody was first.

    So it is complete and private (mode 0600) from the first moment that anybody can see it, and a crash leaves nothing
    that would have to be told from a damaged one: at most a hidden file that nobody looks at.
    """
    if not path.parent.is_dir():
        raise kind.error(f"The {kind.words} {path} can't be made: there is no folder {path.parent}.", False)
    opened, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    os.close(opened)
    try:
        with closing(sqlite3.connect(name, isolation_level=None)) as db:
            db.execute("PRAGMA fullfsync = ON")
            db.executescript(kind.schema)
            db.execute("INSERT INTO clock VALUES (1, ?, ?, ?, 0)", moment)
            db.execute("PRAGMA journal_mode = WAL")
        give_place(Path(name), path)
    finally:
        Path(name).unlink(missing_ok=True)
    sync_folder(path.parent)


def _is_read_only(path: Path) -> bool:
    """Whether nobody could write there; false where the system does not tell (Windows)."""
    return hasattr(os, "statvfs") and bool(os.statvfs(path).f_flag & os.ST_RDONLY)
