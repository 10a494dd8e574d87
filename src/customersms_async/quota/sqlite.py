"""The quota of one host, in a SQLite file."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, final

from .._core.written_address import check_path
from .._runtime.closing import Closing
from .._runtime.file_thread import ClosedError
from .._runtime.process_threads import ProcessThreads
from ..errors import QuotaStoreError
from ._sqlite.file import QuotaFile
from .host_clock import host_moment

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from .._core.caps import CapHit, CappedText
    from .._core.layers import Layer, Usage, Wait
    from ._sqlite.cap_rows import CapRows
    from ._sqlite.key_rows import KeyRows
    from .host_clock import Moment

T = TypeVar("T")


@final
class SQLiteQuota(Closing):
    """Shares each key's quota between all processes of one host, and keeps it through restarts, in the file ``path``.

    The file is made at first use, readable and writable by its user only; its folder must be there. While it is in use
    two more files belong to it: ``-wal`` holds what was counted last, ``-shm`` is memory that the processes share.
    Move, copy or delete all three together, and only while nobody uses them. It must be on a local disk: one host, no
    NFS or other network folder.

    Time is counted by a clock that no wall clock changes: while the machine stays up, a wall clock that steps, back or
    forward, never frees a token early. Across a reboot wall time is all there is: set forward meanwhile, it frees
    tokens early by that much; set back, late. Containers may share a file if they share its folder and the kernel, time
    namespaces of their own or not; for one that hides how its clock stands, the wall clock counts too.

    A store is bound to no event loop, may be used from several threads, and works on in a forked child: the file is
    closed before a fork, and opened again after it by each side. Its own thread does all work on the file. ``close`` or
    ``aclose`` it, or use ``async with``; a store that is dropped closes itself, and a program that ends without either
    leaves the file as a crash would, which costs nothing.

    Each call raises ``QuotaStoreError``, never a temporary one, where the file can't be trusted or used: damaged, not
    ours, of another version, empty, deleted or replaced meanwhile, not writable (the disk is full or read-only, or this
    user may not), or locked by another program for longer than ``lock_timeout`` seconds. It is never replaced by a new
    one; only where there is none is one made.

    It can be pickled and copied, used or not: it is its absolute path and the options, and what comes back opens the
    file for itself.

    ``clock`` gives a ``Moment`` and is for tests. Mutable state: that of ``ProcessThreads``.

    Raises:
        ConfigurationError: for a path that can't be one.

    Example:
        ```python
        async with SQLiteQuota("quota.db") as quota, AsyncClient(quota=quota) as client:
            await client.send("+12125551234", "Your parcel is here")
        ```
    """

    in_process = False

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        clock: Callable[[], Moment] = host_moment,
        lock_timeout: float = 5.0,
    ) -> None:
        check_path(path, "SQLiteQuota")
        self._path = Path(path).absolute()
        self._again = partial(SQLiteQuota, clock=clock, lock_timeout=lock_timeout)
        self._threads = ProcessThreads("SQLiteQuota", self._path, partial(QuotaFile, self._path, clock, lock_timeout))

    def __repr__(self) -> str:
        return f"SQLiteQuota({str(self._path)!r})"

    def __reduce__(self) -> tuple[Callable[..., SQLiteQuota], tuple[str]]:
        return self._again, (str(self._path),)

    async def take(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """Take one token of every layer, or none and say how long to wait: see ``QuotaStore.take``.

        After a cancel the grant is given back as soon as it is there.
        """
        return await self._granted(key_id, lambda rows: rows.take(layers, hold_us))

    async def renew(self, key_id: str, request: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """Give a request back and take another, in one step: see ``QuotaStore.renew``.

        After a cancel both requests are given back.
        """

        def renew(rows: KeyRows) -> int | Wait:
            rows.give_back(request)
            return rows.take(layers, hold_us)

        return await self._granted(key_id, renew)

    async def settle(self, key_id: str, request: int) -> None:
        """Hear that the script's answer to a request is known: see ``QuotaStore.settle``.

        Takes effect after a cancel, too.
        """
        await asyncio.wrap_future(self._ask(key_id, lambda rows: rows.settle(request)))

    async def give_back(self, key_id: str, request: int) -> None:
        """Hear that a request provably never left: see ``QuotaStore.give_back``."""
        await asyncio.wrap_future(self._ask(key_id, lambda rows: rows.give_back(request)))

    async def pause(self, key_id: str, pause_us: int) -> None:
        """Grant nothing for so long: see ``QuotaStore.pause``."""
        await asyncio.wrap_future(self._ask(key_id, lambda rows: rows.pause(pause_us), durable=True))

    async def forecast_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """The least possible wait of a line's last request, in microseconds: see ``QuotaStore.forecast_us``."""
        return await asyncio.wrap_future(self._ask(key_id, lambda rows: rows.forecast_us(line)))

    async def usage(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        """How every layer stands, in order, and what is left of a pause in microseconds: see ``QuotaStore.usage``.

        After a cancel it is not asked any more, as whoever looks may ask every second.
        """
        return await asyncio.wrap_future(self._ask(key_id, lambda rows: rows.usage(layers), droppable=True))

    async def look_at_caps(self, space: bytes, texts: Sequence[CappedText]) -> Sequence[CapHit | None]:
        """For each text the cap that it hits, or ``None`` if there is room for it: see ``CapStore.look_at_caps``."""
        return await asyncio.wrap_future(self._ask_caps(space, lambda rows: rows.look(texts)))

    async def take_caps(self, space: bytes, texts: Sequence[CappedText], hold_us: int) -> Sequence[CapHit | None]:
        """Count all of these texts, or none of them where any hits a cap: see ``CapStore.take_caps``.

        After a cancel the texts are given back as soon as they are counted.
        """
        future = self._ask_caps(space, lambda rows: rows.take(texts, hold_us), durable=True)
        try:
            return await asyncio.wrap_future(future)
        except (asyncio.CancelledError, GeneratorExit):
            future.add_done_callback(partial(self._uncounted, space, texts))
            raise

    async def end_caps(self, space: bytes, answered: Sequence[CappedText], not_sent: Sequence[CappedText]) -> None:
        """Hear of which texts the answer is known, and which provably never left: see ``CapStore.end_caps``.

        Takes effect after a cancel, too.
        """
        await asyncio.wrap_future(self._ask_caps(space, lambda rows: rows.end(answered, not_sent)))

    def close(self) -> None:
        """Do what was asked for, and close the file; waits for that. A closed store stays closed."""
        self._threads.close()

    async def aclose(self) -> None:
        """Close the store as ``close`` does; a cancel only ends the waiting."""
        await self._threads.aclose()

    async def _granted(self, key_id: str, call: Callable[[KeyRows], int | Wait]) -> int | Wait:
        future = self._ask(key_id, call, durable=True)
        try:
            return await asyncio.wrap_future(future)
        except (asyncio.CancelledError, GeneratorExit):
            future.add_done_callback(partial(self._unheard, key_id))
            raise

    def _unheard(self, key_id: str, future: Future[int | Wait]) -> None:
        """Give back a grant that nobody heard of; if that fails, it lapses."""
        if future.exception() is None and isinstance(request := future.result(), int):
            with suppress(QuotaStoreError):
                self._ask(key_id, lambda rows: rows.give_back(request))

    def _uncounted(self, space: bytes, texts: Sequence[CappedText], future: Future[list[CapHit | None]]) -> None:
        """Give back texts of which nobody heard that they are counted; if that fails, they lapse."""
        if future.exception() is None and not any(future.result()):
            with suppress(QuotaStoreError):
                self._ask_caps(space, lambda rows: rows.end((), texts))

    def _ask(
        self, key_id: str, call: Callable[[KeyRows], T], *, durable: bool = False, droppable: bool = False
    ) -> Future[T]:
        def job(file: QuotaFile) -> T:
            with file.key(key_id, durable=durable) as rows:
                return call(rows)

        return self._submit(job, droppable=droppable)

    def _ask_caps(self, space: bytes, call: Callable[[CapRows], T], *, durable: bool = False) -> Future[T]:
        def job(file: QuotaFile) -> T:
            with file.caps(space, durable=durable) as rows:
                return call(rows)

        return self._submit(job)

    def _submit(self, job: Callable[[QuotaFile], T], *, droppable: bool = False) -> Future[T]:
        if self._threads.is_closed:
            raise QuotaStoreError(f"The quota file {self._path} was closed by this program.")
        try:
            return self._threads.submit(job, droppable=droppable)
        except ClosedError:
            raise QuotaStoreError("The quota file was closed.") from None
