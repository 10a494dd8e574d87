"""One runner at a time: a lock of the operating system, free again the moment its holder dies."""

from __future__ import annotations

import errno
import os
import re
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple, final

from ..._runtime import forks
from ..._runtime.file_locks import try_to_lock, unlock
from ...errors import LedgerError
from ..refusals import RunElsewhereError
from ..rows import RunningNow

if TYPE_CHECKING:
    from pathlib import Path

_HOLDER: Final = 200
"""Bytes from the file's beginning that say who holds the lock."""

_WITNESS: Final = 100
"""Bytes behind these that say how far the ledger is. On Windows, where no locked part can be read, the lock is next."""

_END: Final = _HOLDER + _WITNESS

_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
"""What systems say of a file that can't be locked: on NFS without its lock service, in some mounts of containers."""

_ITSELF: Final = getattr(os, "O_NOFOLLOW", 0)
"""The file is never another one, to which a symbolic link leads: that would be written over."""

_OPENED: Final = os.O_RDWR | os.O_CREAT | _ITSELF

_TIME: Final = "%Y-%m-%d %H:%M:%S"
_SIGNED: Final = re.compile(r"(process \d+), since (\d{4}-[01]\d-[0-3]\d [0-2]\d:[0-5]\d:[0-5]\d)\s")

PATIENCE: Final = 2.0
"""Seconds that a lock is waited for: others take it for a glance when they open the ledger."""


class Witness(NamedTuple):
    """How far a ledger is, by what the last one who changed it wrote beside it: its id, and how often it was changed.

    It survives the end of a process, and not that of the machine: ``boot`` names its run from start to shutdown ("-"
    where that can't be known).
    """

    ledger: str
    changes: int
    boot: str


@final
class RunLock:
    """The lock on ``LEDGER.lock``, held by an open descriptor. The file stays.

    Its text says who holds the lock, for a message, and how far the ledger is (``Witness``), from which an old copy
    that was put in its place is told. In a forked child the lock is not held, and is still the parent's. Mutable state:
    the descriptor.
    """

    def __init__(self, ledger: Path) -> None:
        self._path = ledger.with_name(ledger.name + ".lock")
        self._ledger = ledger
        self._descriptor: int | None = None
        forks.watch(self)

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    @property
    def taken(self) -> bool:
        """Whether anybody holds the lock."""
        if self.held:
            return True
        if not self._path.exists():
            return False
        free = self.try_to_take()
        self.free()
        return not free

    def try_to_take(self) -> bool:
        """Take the lock if it is free. Raises ``LedgerError`` if the file can't be used, or nobody could lock it."""
        try:
            descriptor = os.open(self._path, _OPENED, 0o600)
            try:
                free = try_to_lock(descriptor, _END)
            except OSError:
                os.close(descriptor)
                raise
        except OSError as error:
            raise self._unusable(error) from None
        if not free:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def take(self, patience: float = PATIENCE) -> None:
        """Take the lock, or raise ``LedgerError`` that says who has it, after ``patience`` (seconds)."""
        if self.held:
            raise self.refusal()
        deadline = time.monotonic() + patience
        while not self.try_to_take():
            if time.monotonic() > deadline:
                raise self.refusal()
            time.sleep(0.02)
        with suppress(OSError):
            self._sign()

    def refusal(self) -> RunElsewhereError:
        """The error for a lock that somebody has."""
        return RunElsewhereError(f"{self._ledger}: a campaign is running on it{self._holder()}", path=str(self._ledger))

    def free(self) -> None:
        """Let the lock go, whoever has inherited the descriptor."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                unlock(descriptor, _END)
            os.close(descriptor)

    def note(self, witness: Witness) -> None:
        """Write down how far the ledger is, unless somebody else has written that it is further.

        What can't be written is removed: an old note would be a wrong one.
        """
        there = None if self.held else self.witness()
        if there is not None and there.ledger == witness.ledger and there.changes > witness.changes:
            return
        with suppress(OSError):
            descriptor = self._descriptor
            opened = os.open(self._path, _OPENED, 0o600) if descriptor is None else descriptor
            try:
                _write(opened, " ".join(map(str, witness)).ljust(_WITNESS - 1).encode() + b"\n")
            finally:
                if descriptor is None:
                    os.close(opened)

    def witness(self) -> Witness | None:
        """How far the ledger was when it was last written to, if that can be read."""
        match self._text()[_HOLDER:_END].split():
            case [ledger, changes, boot] if changes.isdecimal():
                return Witness(ledger, int(changes), boot)
        return None

    def before_fork(self) -> None:
        """Keep the lock: it is the parent's."""

    after_fork = before_fork

    def after_fork_in_child(self) -> None:
        """Close the child's descriptor without unlocking, which would unlock the parent's as well."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def holder(self) -> RunningNow | None:
        """Who holds the lock, on this host; ``None``: nobody."""
        if not self.taken:
            return None
        match _SIGNED.match(self._text()):
            case None:
                return RunningNow(f"a process on {socket.gethostname()}", None)
            case signed:
                since = time.mktime(time.strptime(signed[2], _TIME))
                return RunningNow(f"{signed[1]} on {socket.gethostname()}", round(since * 1e6))

    def _unusable(self, error: OSError) -> LedgerError:
        where = ", as its file system knows no locks: bring the ledger to a local disk" * (error.errno in _NO_LOCKS)
        reason = "it is a symbolic link" if self._path.is_symlink() else f"{error.strerror}{where}"
        return LedgerError(f"{self._path}: it can't be locked: {reason}", path=str(self._ledger))

    def _sign(self) -> None:
        assert self._descriptor is not None  # noqa: S101 - take() saw to it
        started = time.strftime(_TIME)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, f"process {os.getpid()}, since {started}".ljust(_HOLDER - 1).encode() + b"\n")

    def _holder(self) -> str:
        told = self._text()[:_HOLDER].strip()
        return f": {told}" if told else ""

    def _text(self) -> str:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | _ITSELF | getattr(os, "O_NONBLOCK", 0))
            with os.fdopen(descriptor, encoding="ascii", errors="replace") as file:
                return file.read(_END)
        except OSError:
            return ""


def _write(descriptor: int, note: bytes) -> None:
    try:
        os.lseek(descriptor, _HOLDER, os.SEEK_SET)
        os.write(descriptor, note)
    except OSError:
        os.ftruncate(descriptor, _HOLDER)
