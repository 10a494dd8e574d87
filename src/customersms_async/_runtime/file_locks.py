"""Locks of the operating system on an open file: free again the moment their holder dies."""

from __future__ import annotations

import errno
import os
import sys
from typing import Final

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_HELD: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES})
"""Errors by which a system says that somebody has the lock: by POSIX any of these, on Windows the last.

All others say that there is no lock to be had, as ENOLCK and ENOTSUP of a network file system do."""


def try_to_lock(descriptor: int, position: int = 0) -> bool:
    """Take the lock on an open file if it is free. Raises ``OSError`` where nobody could take it.

    ``position`` is the byte that is locked on Windows, where no locked part of a file can be read.
    """
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, position, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


def unlock(descriptor: int, position: int = 0) -> None:
    """Let the lock go, whoever has inherited the descriptor. Raises ``OSError``."""
    if sys.platform == "win32":
        os.lseek(descriptor, position, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
