"""A file as the target of a campaign's move."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, final

from ..refusals import refusal
from . import opening, packing
from .errors import translated
from .ledger import SQLiteLedger, real_path

if TYPE_CHECKING:
    from pathlib import Path

    from ..moving import LedgerMove, MovingLedger


@final
class FileTarget:
    """The file at ``path``, if there is one, or the one to be made there. Mutable state: which file was found there."""

    def __init__(self, path: Path | str) -> None:
        self._path = real_path(path)
        self.name = str(self._path)
        self._found: opening.Identity | None = None

    async def find(self) -> SQLiteLedger | None:
        """The open ledger there; ``None`` if there is no file, and one can be made."""
        if not self._path.exists():
            if not os.access(self._path.parent, os.W_OK):  # said before the campaign leaves its place
                raise refusal(self._path, "its folder is not there, or is read-only")
            return None
        with translated(self._path):
            self._found = opening.identity(self._path)
        return await SQLiteLedger.open(self._path, create=False)

    async def bring(self, source: MovingLedger, said: LedgerMove) -> None:
        """Make the ledger of all that ``source`` holds, with ``said`` as the last word; it is there whole, or not."""
        new = self._new(said.move)
        await self.forget(said.move)
        try:
            await asyncio.to_thread(self._begin, new)
            await source.pack(new)
            await asyncio.to_thread(self._finish, new, said)
        finally:
            await self.forget(said.move)

    async def clear(self) -> str:
        """Give what an earlier move has left there another name, which it gives."""
        assert self._found is not None  # noqa: S101 - it was found
        name = f"{self._path.name}.moved-{time.strftime('%Y%m%d-%H%M%S')}-{self._found.inode}"
        await asyncio.to_thread(packing.put_aside, self._path, self._found, name)
        return str(self._path.with_name(name))

    async def forget(self, move: str) -> None:
        """Remove what a process that was killed while it brought something has left."""
        await asyncio.to_thread(self._forget, self._new(move))

    async def close(self) -> None:
        """Do nothing: a file is open only as a ledger."""

    def _new(self, move: str) -> Path:
        """The first name of what is brought: as ``opening.create`` names its own, by which a second name is known."""
        return self._path.with_name(f"{self._path.name}.new-{move}")

    def _begin(self, new: Path) -> None:
        with translated(self._path):
            new.touch(mode=0o600, exist_ok=False)

    def _forget(self, new: Path) -> None:
        with translated(self._path):
            for end in ("-wal", "-shm", "-journal", ""):
                new.with_name(new.name + end).unlink(missing_ok=True)

    def _finish(self, new: Path, said: LedgerMove) -> None:
        changes = packing.changes_known(self._path, packing.ledger_in(new))
        packing.say_it_arrives(new, said, changes)
        packing.place(new, self._path)
