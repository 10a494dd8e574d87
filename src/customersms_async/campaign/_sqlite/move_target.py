"""A file as the target of a campaign's move."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, final

from ..refusals import refusal
from . import opening, packing
from .errors import translated
from .ledger import SQLiteLedger, real_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..move_states import FoundLedger, LedgerMove, MovingLedger


@final
class FileTarget:
    """The file at ``path``, if there is one, or the one to be made there. Mutable state: which file was found there."""

    def __init__(self, path: Path | str) -> None:
        self._path = real_path(path)
        self.name = str(self._path)
        self._found: opening.Identity | None = None

    async def database(self) -> str:
        """An empty text: what is brought into a file is known by the id that it holds."""
        return ""

    async def find(self) -> SQLiteLedger | None:
        """The open ledger there; ``None`` if there is no file, and one can be made."""
        if not self._path.exists():
            if not os.access(self._path.parent, os.W_OK):  # said before the campaign leaves its place
                raise refusal(self._path, "its folder is not there, or is read-only")
            return None
        with translated(self._path):
            self._found = opening.identity(self._path)
        return await SQLiteLedger.open(self._path, create=False)

    async def reserve(self, ledger: str, rows: Sequence[LedgerMove], over: FoundLedger | None) -> None:
        """Take the name with a ledger that nobody is in."""
        new = self._new(ledger)  # as the move's id is another one when it is tried again

        def work() -> None:
            self._begin(new)
            packing.make_empty(new, ledger)
            packing.say_it_arrives(new, rows)
            if over is None:
                packing.place(new, self._path)
            else:
                packing.replace(new, self._path, self._seen(over), keep=False)

        await self.forget(ledger)
        try:
            await asyncio.to_thread(work)
        finally:
            await self.forget(ledger)

    async def bring(self, source: MovingLedger, said: LedgerMove, over: FoundLedger) -> str | None:
        """Make the ledger of all that ``source`` holds; it is there whole, in place of what was, or not at all."""
        new = self._new(said.move)
        await self.forget(said.move)
        try:
            await asyncio.to_thread(self._begin, new)
            await source.pack(new)
            return await asyncio.to_thread(self._finish, new, said, over)
        finally:
            await self.forget(said.move)

    async def free(self, over: FoundLedger) -> None:
        """Let the name go."""
        await asyncio.to_thread(packing.free, self._path, self._seen(over))

    async def forget(self, move: str) -> None:
        """Remove what a process that was killed while it brought something has left."""
        await asyncio.to_thread(self._forget, self._new(move))

    async def close(self) -> None:
        """Do nothing: a file is open only as a ledger."""

    def _new(self, what: str) -> Path:
        """The first name of what is brought: as ``opening.create`` names its own, by which a second name is known."""
        return self._path.with_name(f"{self._path.name}.new-{what}")

    def _begin(self, new: Path) -> None:
        with translated(self._path):
            new.touch(mode=0o600, exist_ok=False)

    def _forget(self, new: Path) -> None:
        with translated(self._path):
            for end in ("-wal", "-shm", "-journal", packing.COPIED, ""):
                new.with_name(new.name + end).unlink(missing_ok=True)

    def _finish(self, new: Path, said: LedgerMove, over: FoundLedger) -> str | None:
        changes = packing.changes_known(self._path, packing.ledger_in(new))
        packing.say_it_arrives(new, [said], changes)
        return packing.replace(new, self._path, self._seen(over), keep=over.is_filled)

    def _seen(self, over: FoundLedger) -> packing.FoundLedgerFile:
        assert self._found is not None  # noqa: S101 - it was found
        return packing.FoundLedgerFile(self._found, over.moves)
