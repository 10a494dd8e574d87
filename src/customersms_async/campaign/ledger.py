"""The ledger of a campaign: one SQLite file, and the thread that alone touches it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, final

from ..errors import ConfigurationError, LedgerError
from . import moves, opening, reading
from .adding import SLICE, Adding, Digest, Letter
from .lock import RunLock

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Callable, Collection, Sequence

    from ..wire import Ruling
    from .states import Event, State

T = TypeVar("T")

Letters = Iterable[Letter] | AsyncIterable[Letter]
"""An input, from anywhere."""


@final
class CampaignLedger:
    """One open ledger. Every method runs in its thread, one after the other, and raises ``LedgerError``.

    A cancelled call leaves at once; what it asked for still happens, whole, in its turn. WAL with ``synchronous =
    FULL``: what a method changed is durable when it returns. Mutable state: two connections (the reading one sees only
    what is committed), the run lock, and whether an input is being added.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(1, "customersms ledger")
        self._writing: sqlite3.Connection | None = None
        self._reading: sqlite3.Connection | None = None
        self._lock = RunLock(path)
        self._adding = False

    @classmethod
    async def open(cls, path: Path | str, *, create: bool) -> CampaignLedger:
        """Open the ledger at ``path``, or make it if it isn't there and may be made.

        Who was being sent to by a process that has ended is unknown from here on.
        """
        ledger = cls(_real(path))
        try:
            await ledger._do(partial(ledger._open, create=create))
        except BaseException:
            await ledger.close()
            raise
        return ledger

    async def close(self) -> None:
        """Close the file once everything asked for is done."""
        try:
            await self._do(self._close)
        finally:
            self._thread.shutdown(wait=False)

    async def lock(self) -> None:
        """Become the one runner; raises if there is another. Looks through the whole file for damage first."""
        await self._do(self._take_lock)

    async def unlock(self) -> None:
        """Let another run."""
        await self._do(self._lock.free)

    async def add(
        self,
        letters: Letters,
        template: str | None,
        region: str | None,
        suppressed: Iterable[str],
        *,
        rehearsal: bool = False,
    ) -> bool:
        """Take all of ``letters`` in, in one transaction; false if the same were there already.

        Raises ``ConfigurationError`` if others are, and what ``letters`` raises; then, or if it is cancelled, nothing
        is added.
        """
        known = await self.added()
        if known is not None:
            await self._compare(known, letters, template)
            return False
        if self._adding:
            raise ConfigurationError("recipients are being added already")
        self._adding = True
        try:
            adding = await self._do(lambda: self._begin_adding(region))
            async for some in _slices(letters):
                await self._do(partial(adding.take, some))
            await self._do(lambda: self._finish_adding(adding, template, suppressed, rehearsal=rehearsal))
        finally:
            await self._do(self._end_adding)
            self._adding = False
        return True

    async def added(self) -> reading.Input | None:
        """What was added, if anything was."""
        return await self._read(reading.added)

    async def counts(self) -> list[reading.Count]:
        """How many recipients there are by state and code."""
        return await self._read(reading.counts)

    async def planned(self, start: int) -> list[reading.Planned]:
        """The next recipients to be sent to."""
        return await self._read(lambda connection: reading.planned(connection, start))

    async def requests(self, batch_size: int) -> int:
        """How many requests what is planned comes to, at best."""
        return await self._read(lambda connection: reading.requests(connection, batch_size))

    async def outside(self, prefixes: Collection[str]) -> tuple[int, int | None]:
        """How many planned numbers begin with none of ``prefixes``, and the first one's place."""
        return await self._read(lambda connection: reading.outside(connection, prefixes))

    async def entries(self, start: int, states: Collection[State]) -> list[reading.Entry]:
        """The next recipients in any of ``states``."""
        return await self._read(lambda connection: reading.entries(connection, start, states))

    async def begin(self, intent: moves.Intent) -> None:
        """Make it durable that a request is about to leave."""
        await self._write(lambda connection: moves.begin(connection, intent))

    async def record(self, intent: moves.Intent, ruling: Ruling) -> None:
        """Make durable what became of it."""
        await self._write(lambda connection: moves.record(connection, intent, ruling))

    async def suppress(self, phones: Iterable[str]) -> int:
        """Skip everyone planned with one of these numbers; gives how many."""
        return await self._write(lambda connection: _suppress(connection, phones))

    async def resolve(self, event: Event, states: Sequence[State], phones: Iterable[str] | None, by: str) -> int:
        """Do what a person says; gives to how many."""
        return await self._write(lambda connection: moves.resolve(connection, event, states, phones, by))

    async def read(self, look: Callable[[sqlite3.Connection], T]) -> T:
        """Anything else that can be read."""
        return await self._read(look)

    async def _compare(self, known: reading.Input, letters: Letters, template: str | None) -> None:
        digest = Digest()
        async for some in _slices(letters):
            await self._do(partial(digest.take, some))
        if template != known.template:
            raise ConfigurationError(f"{self.path} was made with another message: use another ledger for this one")
        if digest.hex != known.hash:
            raise ConfigurationError(
                f"{self.path} holds other recipients ({known.recipients:,} were added, these are {digest.count:,}):"
                " use another ledger for these"
            )

    async def _read(self, look: Callable[[sqlite3.Connection], T]) -> T:
        return await self._do(lambda: look(_connected(self._reading)))

    async def _write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        if self._adding:
            raise ConfigurationError("recipients are being added: wait for that")
        return await self._do(lambda: change(_connected(self._writing)))

    async def _do(self, work: Callable[[], T]) -> T:
        """Have ``work`` done by the thread, in any case: a caller who is cancelled leaves alone."""
        try:
            future = asyncio.get_running_loop().run_in_executor(self._thread, work)
        except RuntimeError:
            raise LedgerError(f"{self.path}: it is closed", path=str(self.path)) from None
        with opening.translated(self.path):
            return await asyncio.shield(future)

    def _open(self, *, create: bool) -> None:
        if not self.path.exists():
            if not create:
                raise LedgerError(f"{self.path}: there is no such ledger", path=str(self.path))
            opening.create(self.path)
        opening.inspect(self.path)
        self._writing = opening.connect(self.path, writing=True)
        self._reading = opening.connect(self.path, writing=False)
        opening.check(self._reading, self.path)
        if self._lock.try_to_take():
            try:
                moves.recover(self._writing)
            finally:
                self._lock.free()

    def _close(self) -> None:
        self._lock.free()
        for connection in (self._reading, self._writing):  # the last one closed empties the -wal file
            if connection is not None:
                connection.close()
        self._reading = self._writing = None

    def _take_lock(self) -> None:
        self._lock.take()
        try:
            opening.check_all(_connected(self._reading), self.path)
            moves.recover(_connected(self._writing))
        except BaseException:
            self._lock.free()
            raise

    def _begin_adding(self, region: str | None) -> Adding:
        connection = _connected(self._writing)
        connection.execute("BEGIN IMMEDIATE")
        if reading.added(connection) is not None:
            raise ConfigurationError(f"{self.path}: another program has just added recipients")
        return Adding(connection, region)

    def _finish_adding(
        self, adding: Adding, template: str | None, suppressed: Iterable[str], *, rehearsal: bool
    ) -> None:
        adding.finish(template, rehearsal=rehearsal)
        moves.suppress(_connected(self._writing), suppressed)
        _connected(self._writing).execute("COMMIT")

    def _end_adding(self) -> None:
        connection = self._writing
        if connection is not None and connection.in_transaction:
            connection.execute("ROLLBACK")


def _real(path: Path | str) -> Path:
    """The one name that a file has, whatever links lead to it: its lock goes by it."""
    return Path(path).expanduser().resolve()


def _connected(connection: sqlite3.Connection | None) -> sqlite3.Connection:
    if connection is None:
        raise ConfigurationError("the ledger is closed")
    return connection


def _suppress(connection: sqlite3.Connection, phones: Iterable[str]) -> int:
    with moves.transaction(connection):
        return moves.suppress(connection, phones)


async def _slices(letters: Letters) -> AsyncIterator[list[Letter]]:
    """Pieces of ``SLICE`` letters; the event loop gets a turn after each."""
    some: list[Letter] = []
    if isinstance(letters, AsyncIterable):
        async for letter in letters:
            some.append(letter)
            if len(some) >= SLICE:
                yield some
                some = []
    else:
        for letter in letters:
            some.append(letter)
            if len(some) >= SLICE:
                yield some
                some = []
    if some:
        yield some
