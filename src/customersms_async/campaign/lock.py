"""One runner at a time: a lock of the operating system, free again the moment its holder dies."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, final

from ..errors import LedgerError

if TYPE_CHECKING:
    from pathlib import Path

_BYTES = 200
"""What the message takes at most; on Windows, where the locked part can't be read, the lock lies behind it."""


@final
class RunLock:
    """The lock on ``LEDGER.lock``, held by an open descriptor. The file stays; its text is for the message only."""

    def __init__(self, ledger: Path) -> None:
        self._path = ledger.with_name(ledger.name + ".lock")
        self._ledger = ledger
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds it."""
        return self._descriptor is not None

    def try_to_take(self) -> bool:
        """Take it if it is free. Raises ``LedgerError`` if the file can't be used."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LedgerError(f"{self._path}: it can't be locked: {error.strerror}", path=str(self._ledger)) from None
        try:
            _lock(descriptor)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def take(self, patience: float = 2.0) -> None:
        """Take it, or raise ``LedgerError`` that says who has it; ``patience`` (seconds) is for a glance of others."""
        deadline = time.monotonic() + patience
        while not self.try_to_take():
            if time.monotonic() > deadline:
                raise LedgerError(
                    f"{self._ledger}: a campaign is running on it{self._holder()}", path=str(self._ledger)
                )
            time.sleep(0.02)
        with suppress(OSError):
            self._sign()

    def free(self) -> None:
        """Let it go."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _sign(self) -> None:
        assert self._descriptor is not None  # noqa: S101 - take() saw to it
        started = time.strftime("%Y-%m-%d %H:%M:%S")
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, f"process {os.getpid()}, since {started}".ljust(_BYTES - 1).encode() + b"\n")

    def _holder(self) -> str:
        try:
            with self._path.open(encoding="utf-8", errors="replace") as file:
                told = file.read(_BYTES).strip()
        except OSError:
            return ""
        return f": {told}" if told else ""


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _BYTES, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
