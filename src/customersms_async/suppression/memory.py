"""Numbers of people who said no, in the memory of one process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NoReturn, final

from .._runtime import forks
from .._runtime.clock import wall_us
from .._runtime.closing import Closing
from .entries import EntryKind, SuppressionChange, SuppressionEntry, asked, moment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


@final
class MemorySuppression(Closing):
    """Numbers of people who said no, for all clients of this process that are given the same ``MemorySuppression``.

    It is bound to no event loop and may be used from several threads; it is forgotten when the process ends. It can't
    be pickled or copied. ``clock`` gives integer microseconds since the epoch and is for tests.

    Mutable state, changed under one lock that is never held across an ``await``: the entries, and the numbers of which
    the last one says that they are suppressed.

    Raises:
        TypeError: when it is pickled or copied.

    Example:
        ```python
        suppression = MemorySuppression()
        await suppression.add("+12125551234", why="said STOP", by="Ann")
        print(await suppression.suppressed(["+12125551234", "+13235554567"]))
        ```
    """

    in_process = True
    """No method ever suspends."""

    def __init__(self, *, clock: Callable[[], int] = wall_us) -> None:
        self._clock = clock
        self._entries: list[SuppressionEntry] = []
        self._now: set[str] = set()
        self._lock = threading.RLock()
        self._guard = forks.Guard(self._lock)

    def __repr__(self) -> str:
        return "MemorySuppression()"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a MemorySuppression can't be pickled or copied: it is shared within one process only. Give processes that"
            " are to share a list a SQLiteSuppression"
        )

    async def suppressed(self, phones: Sequence[str]) -> frozenset[str]:
        """The suppressed ones of ``phones``, as of now; never suspends, like every method here.

        Raises:
            InvalidRecipientError: if one of ``phones`` is no number.
        """
        numbers = asked(phones)
        if self._now.isdisjoint(numbers):
            return frozenset()
        return frozenset(phone for phone, number in zip(phones, numbers, strict=True) if number in self._now)

    async def add(self, phones: str | Iterable[str], *, why: str = "", by: str = "") -> int:
        """Suppress a number, or several; gives how many were not before. Each of those gets an entry.

        Raises:
            InvalidRecipientError: for what is no number; then nothing has changed.
            ConfigurationError: for a ``why`` or ``by`` that is no text, or above 1,000 characters.
        """
        return self._change(SuppressionChange.of(phones, EntryKind.ADDED, why, by))

    async def remove(self, phones: str | Iterable[str], *, why: str = "", by: str = "") -> int:
        """Stop suppressing a number, or several; gives how many were suppressed. Each of those gets an entry.

        Raises:
            InvalidRecipientError: for what is no number; then nothing has changed.
            ConfigurationError: for a ``why`` or ``by`` that is no text, or above 1,000 characters.
        """
        return self._change(SuppressionChange.of(phones, EntryKind.REMOVED, why, by))

    async def entries(self, phone: str | None = None) -> list[SuppressionEntry]:
        """All entries, or those about one number, in the order in which they were made; looks at every one.

        Raises:
            InvalidRecipientError: if ``phone`` is no number.
        """
        number = None if phone is None else asked([phone])[0]
        with self._lock:
            return [entry for entry in self._entries if number in (None, entry.phone)]

    async def aclose(self) -> None:
        """Do nothing, as there is nothing to close."""

    def _change(self, change: SuppressionChange) -> int:
        with self._lock:
            time = moment_of(self._clock())
            adds = change.kind is EntryKind.ADDED
            changed = [phone for phone in change.phones if (phone in self._now) is not adds]
            self._entries += (SuppressionEntry(phone, time, change.kind, change.why, change.by) for phone in changed)
            if adds:
                self._now.update(changed)
            else:
                self._now.difference_update(changed)
            return len(changed)
