"""Names for new files: a file gets its place when it is complete, and never the place of another."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from typing import TYPE_CHECKING, Final

from .file_locks import try_to_lock, unlock

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE: Final = 5.0
"""Seconds that another process may take to rename a file."""

_NOT_SYNCED: Final = frozenset(
    {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EISDIR, errno.EACCES, errno.EPERM}
)
"""What a system says that can't sync a folder, or not this one; a disk that fails says something else."""


def give_place(new: Path, path: Path) -> None:
    """Give the closed file ``new`` the name ``path``, in the same folder, unless there is something of that name.

    So ``path`` is complete from the first moment on that anybody can see it, and of several processes one wins. Where
    there are no hard links (Android, exFAT, many a network folder), it is renamed, one process at a time. ``new`` may
    be left, for the caller to remove. Raises ``OSError``; then nothing has changed.
    """
    link = getattr(os, "link", None)  # some builds of Python have none
    if link is not None:
        try:
            link(new, path)
        except FileExistsError:
            return
        except OSError:
            pass  # EPERM, EACCES, ENOTSUP, ENOSYS, EMLINK: each system has its own word for it
        else:
            return
    if os.name == "nt":  # where to rename never replaces
        with contextlib.suppress(FileExistsError):
            new.rename(path)
    else:
        _rename_alone(new, path)


def sync_folder(folder: Path) -> None:
    """Let the names in a folder survive a loss of power, where the system can. Raises ``OSError`` if the disk fails."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        if error.errno not in _NOT_SYNCED:
            raise


def _rename_alone(new: Path, path: Path) -> None:
    """Rename ``new`` while no other process does, as a rename replaces what is there.

    The file that is locked is removed once ``path`` is there: whoever still waits for its lock, or makes another one,
    will find that.
    """
    claim = path.with_name(f".{path.name}.making")
    opened = os.open(claim, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        deadline = time.monotonic() + _PATIENCE
        while not try_to_lock(opened):
            if time.monotonic() > deadline:
                raise OSError(errno.ETIMEDOUT, f"another program has been making it for {_PATIENCE:g} seconds")
            time.sleep(0.01)
        if not os.path.lexists(path):
            new.rename(path)
        with contextlib.suppress(OSError):
            claim.unlink()
        unlock(opened)
    finally:
        os.close(opened)
