"""Idempotency keys of one host, in a SQLite file."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar, final

from .._core.written_address import check_path
from .._runtime.closing import Closing
from .._runtime.file_thread import ClosedError
from .._runtime.process_threads import ProcessThreads
from ..errors import IdempotencyStoreError
from ..quota.host_clock import host_moment
from . import key_table
from ._sqlite.key_file import KeptRows, KeyFile
from .keeping import DEFAULT_KEEP, Keeping

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from .._core.idempotency_hashes import KeyHashes
    from .._core.idempotency_record import Claim, KeySeen
    from .._core.idempotency_states import KeyEvent
    from ..quota.host_clock import Moment
    from .protocol import ClaimEnd, UnknownKey

T = TypeVar("T")


@final
class SQLiteIdempotency(Closing):
    """Keeps idempotency keys for all processes of one host, and through restarts, in the file ``path``.

    ``keep``: seconds that a key is kept from its end, 7 days unless said otherwise; the same for all who share the
    file. ``namespace`` keeps the keys of some apart from those of others. ``secret`` keys the hashes: without it,
    whoever has the file can try all numbers.

    The file is as that of a ``SQLiteQuota``: made at first use, readable and writable by its user only, on a local
    disk, with a ``-wal`` and a ``-shm`` beside it while it is in use; never replaced by a new one. A claim, and an
    outcome, is on the disk before it is acknowledged. Time is counted by a clock that no wall clock changes while the
    machine stays up.

    A store is bound to no event loop, may be used from several threads, and works on in a forked child. ``close`` or
    ``aclose`` it, or use ``async with``; that closes the file for all namespaces. Each call raises
    ``IdempotencyStoreError`` where the file can't be trusted or used: a temporary one if it is locked by another
    program for longer than ``lock_timeout`` seconds, or the disk is full.

    It can be pickled and copied: it is its absolute path and the options, the secret among them. ``clock`` gives a
    ``Moment`` and is for tests. Mutable state: that of ``ProcessThreads``, which all namespaces share.

    Raises:
        ConfigurationError: for a path, ``keep``, ``namespace`` or ``secret`` that can't be one.

    Example:
        ```python
        keys = SQLiteIdempotency("keys.db")
        keeping = client.with_options(idempotency=keys)
        await keeping.send("+12125551234", "Order 7 is on its way", idempotency_key="order-7")
        again = await keeping.send("+12125551234", "Order 7 is on its way", idempotency_key="order-7")
        print(again.replayed)  # True: nothing was sent
        await keys.aclose()
        ```
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        keep: float = DEFAULT_KEEP,
        namespace: str = "",
        secret: str | bytes | None = None,
        clock: Callable[[], Moment] = host_moment,
        lock_timeout: float = 5.0,
    ) -> None:
        check_path(path, "SQLiteIdempotency")
        absolute = Path(path).absolute()
        self._clock, self._lock_timeout = clock, lock_timeout
        self._begin(Keeping(keep, namespace, secret), _threads(absolute, clock, lock_timeout))

    def _begin(self, keeping: Keeping, threads: ProcessThreads[KeyFile]) -> None:
        self.hashes: KeyHashes = keeping.hashes
        self._keeping = keeping
        self._threads = threads

    def __repr__(self) -> str:
        return f"SQLiteIdempotency({str(self._threads.path)!r})"

    def __reduce__(self) -> tuple[Callable[..., SQLiteIdempotency], tuple[str]]:
        keep, namespace, secret = self._keeping.given
        again = partial(
            SQLiteIdempotency,
            keep=keep,
            namespace=namespace,
            secret=secret,
            clock=self._clock,
            lock_timeout=self._lock_timeout,
        )
        return again, (str(self._threads.path),)

    def namespaced(self, name: str) -> Self:
        """A store of the keys of ``name`` in the same file: see ``IdempotencyStore.namespaced``."""
        other = object.__new__(type(self))
        other._clock, other._lock_timeout = self._clock, self._lock_timeout
        other._begin(self._keeping.of(name), self._threads)
        return other

    async def look(self, keys: Sequence[bytes]) -> Sequence[KeySeen | None]:
        """How each key stands: see ``IdempotencyStore.look``."""
        return await self._ask(lambda rows, now_us: key_table.look(rows, now_us, keys), durable=False)

    async def claim(self, claim: Claim, asked: Sequence[tuple[bytes, bytes]]) -> Sequence[KeySeen | None]:
        """Claim all of these keys, or none and say how each stands: see ``IdempotencyStore.claim``.

        Takes effect after a cancel, too.
        """
        return await self._ask(lambda rows, now_us: key_table.claim(rows, now_us, claim, asked))

    async def end(self, claim: bytes, ends: Sequence[ClaimEnd]) -> None:
        """Store what became of the texts of a claim: see ``IdempotencyStore.end``.

        Takes effect after a cancel, too.
        """
        await self._ask(lambda rows, now_us: key_table.end(rows, now_us, claim, ends))

    async def unknown(self) -> Sequence[UnknownKey]:
        """The keys whose texts may have been sent, oldest first: see ``IdempotencyStore.unknown``."""
        return await self._ask(key_table.unknown, durable=False)

    async def resolve(self, key: bytes, claim: bytes, event: KeyEvent, by: str) -> int:
        """Decide as a person about the text of a claim: see ``IdempotencyStore.resolve``."""
        return await self._ask(lambda rows, now_us: key_table.resolve(rows, now_us, key, claim, event, by))

    def close(self) -> None:
        """Do what was asked for, and close the file; waits for that. A closed store stays closed."""
        self._threads.close()

    async def aclose(self) -> None:
        """Close the store as ``close`` does; a cancel only ends the waiting."""
        await self._threads.aclose()

    async def _ask(self, call: Callable[[KeptRows, int], T], *, durable: bool = True) -> T:
        space, keep_us = self._keeping.space, self._keeping.keep_us

        def job(file: KeyFile) -> T:
            with file.transaction(durable=durable) as (db, now_us):
                return call(KeptRows(db, space, keep_us), now_us)

        if self._threads.is_closed:
            raise IdempotencyStoreError(f"The idempotency file {self._threads.path} was closed by this program.")
        try:
            future = self._threads.submit(job)
        except ClosedError:
            raise IdempotencyStoreError("The idempotency file was closed.") from None
        return await asyncio.wrap_future(future)


def _threads(path: Path, clock: Callable[[], Moment], lock_timeout: float) -> ProcessThreads[KeyFile]:
    return ProcessThreads("SQLiteIdempotency", path, partial(KeyFile, path, clock, lock_timeout))
