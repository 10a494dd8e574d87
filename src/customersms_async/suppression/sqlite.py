"""Numbers of people who said no, for one host, in a SQLite file."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, final

from .._core.written_address import check_path
from .._runtime.clock import wall_us
from .._runtime.closing import Closing
from .._runtime.file_thread import ClosedError
from .._runtime.process_threads import ProcessThreads
from ..errors import SuppressionStoreError
from ..quota.host_clock import host_moment
from ._sqlite.list_file import ListFile
from .entries import EntryKind, SuppressionChange, asked

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

    from .entries import SuppressionEntry

T = TypeVar("T")


@final
class SQLiteSuppression(Closing):
    """Numbers of people who said no, for all processes of one host, and through restarts, in the file ``path``.

    The file is as that of a ``SQLiteQuota``: made at first use, readable and writable by its user only, on a local
    disk, with a ``-wal`` and a ``-shm`` beside it while it is in use; never replaced by a new one. What was added is on
    the disk before ``add`` returns. A look writes nothing and waits for nobody who does. The numbers stand in the file
    in clear.

    A store is bound to no event loop, may be used from several threads, and works on in a forked child. ``close`` or
    ``aclose`` it, or use ``async with``. Each call raises ``SuppressionStoreError`` where the file can't be trusted or
    used: a temporary one if it is locked by another program for longer than ``lock_timeout`` seconds, or the disk is
    full.

    It can be pickled and copied: it is its absolute path and the options. ``clock`` gives integer microseconds since
    the epoch and is for tests. Mutable state: that of ``ProcessThreads``.

    Raises:
        ConfigurationError: for a path that can't be one.

    Example:
        ```python
        suppression = SQLiteSuppression("suppressed.db")
        await suppression.add("+12125551234", why="said STOP", by="Ann")
        print(await suppression.suppressed(["+12125551234", "+13235554567"]))
        await suppression.aclose()
        ```
    """

    def __init__(
        self, path: str | os.PathLike[str], *, clock: Callable[[], int] = wall_us, lock_timeout: float = 5.0
    ) -> None:
        check_path(path, "SQLiteSuppression")
        absolute = Path(path).absolute()
        self._clock, self._lock_timeout = clock, lock_timeout
        self._threads = ProcessThreads(
            "SQLiteSuppression", absolute, partial(ListFile, absolute, host_moment, lock_timeout)
        )

    def __repr__(self) -> str:
        return f"SQLiteSuppression({str(self._threads.path)!r})"

    def __reduce__(self) -> tuple[Callable[..., SQLiteSuppression], tuple[str]]:
        again = partial(SQLiteSuppression, clock=self._clock, lock_timeout=self._lock_timeout)
        return again, (str(self._threads.path),)

    async def suppressed(self, phones: Sequence[str]) -> frozenset[str]:
        """The suppressed ones of ``phones``, as of now; one look into the file for all of them.

        Raises:
            InvalidRecipientError: if one of ``phones`` is no number.
            SuppressionStoreError: if the store can't be used.
        """
        numbers = asked(phones)
        found = set(await self._ask(lambda file: file.suppressed(numbers)))
        return frozenset(phone for phone, number in zip(phones, numbers, strict=True) if number in found)

    async def add(self, phones: str | Iterable[str], *, why: str = "", by: str = "") -> int:
        """Suppress a number, or several; gives how many were not before. Each of those gets an entry.

        All of it is on the disk before this returns, or none; after a cancel, too.

        Raises:
            InvalidRecipientError: for what is no number; then nothing has changed.
            ConfigurationError: for a ``why`` or ``by`` that is no text, or above 1,000 characters.
            SuppressionStoreError: if the store can't be used.
        """
        return await self._change(SuppressionChange.of(phones, EntryKind.ADDED, why, by))

    async def remove(self, phones: str | Iterable[str], *, why: str = "", by: str = "") -> int:
        """Stop suppressing a number, or several; gives how many were suppressed. Each of those gets an entry.

        What was told of before stays in the file. Otherwise as ``add``.

        Raises:
            InvalidRecipientError: for what is no number; then nothing has changed.
            ConfigurationError: for a ``why`` or ``by`` that is no text, or above 1,000 characters.
            SuppressionStoreError: if the store can't be used.
        """
        return await self._change(SuppressionChange.of(phones, EntryKind.REMOVED, why, by))

    async def entries(self, phone: str | None = None) -> list[SuppressionEntry]:
        """All entries, or those about one number, in the order in which they were made.

        Raises:
            InvalidRecipientError: if ``phone`` is no number.
            SuppressionStoreError: if the store can't be used.
        """
        number = None if phone is None else asked([phone])[0]
        return await self._ask(lambda file: file.entries(number))

    async def __list_name__(self) -> str:
        """How a campaign's terms name this list: by its place, and by its id, as another host has another one there."""
        return f"{self!r} with the id {await self._ask(lambda file: file.list_id())}"

    def close(self) -> None:
        """Do what was asked for, and close the file; waits for that. A closed store stays closed."""
        self._threads.close()

    async def aclose(self) -> None:
        """Close the store as ``close`` does; a cancel only ends the waiting."""
        await self._threads.aclose()

    async def _change(self, change: SuppressionChange) -> int:
        at_us = self._clock()
        return await self._ask(lambda file: file.change(change, at_us))

    async def _ask(self, job: Callable[[ListFile], T]) -> T:
        if self._threads.is_closed:
            raise SuppressionStoreError(f"The suppression list {self._threads.path} was closed by this program.")
        try:
            future = self._threads.submit(job)
        except ClosedError:
            raise SuppressionStoreError("The suppression list was closed.") from None
        return await asyncio.wrap_future(future)
