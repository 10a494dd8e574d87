"""Numbers of people who said no, for a fleet, in a PostgreSQL database."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, final

from .._postgres.errors import PostgresError
from .._postgres.server import DATABASE_ID, DEFAULT_TIMEOUT, PostgresServer
from .._postgres.wire import array, bytea, unhexed
from .._runtime.closing import Closing
from ..errors import SuppressionStoreError
from .entries import EntryKind, SuppressionChange, SuppressionEntry, asked, moment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from psycopg_pool import ConnectionPool

    from .._postgres.wire import Row

_SUPPRESSED: Final = b"SELECT customersms.suppressed($1)"
_CHANGE: Final = b"SELECT customersms.suppression_change($1, $2, $3, $4, $5)"
_ENTRIES: Final = b"""
SELECT e.phone, e.suppressed, c.at_us, c.why, c.decided_by
FROM customersms.suppression_entries e JOIN LATERAL (
    SELECT * FROM customersms.suppression_changes c WHERE c.first <= e.number ORDER BY c.first DESC LIMIT 1
) c ON true WHERE $1::bigint IS NULL OR e.phone = $1::bigint ORDER BY e.number
"""


@final
class PostgresSuppression(Closing):
    """Numbers of people who said no, for all processes that name the same database.

    ``server``: a URL (``postgresql://…``, or anything that psycopg takes), or your own ``psycopg_pool.ConnectionPool``,
    which stays yours to close, and which several stores may share. Needs the extra ``postgres``, and a server of
    version 14 or later. What was added is on the server's disk, and on a synchronous standby, before ``add`` returns; a
    fail-over to a standby that lags forgets the latest entries. The numbers stand in the database in clear.

    Each call raises ``SuppressionStoreError``: a temporary one where the server is out of reach, or does not answer
    within ``timeout`` seconds. A store serves any number of event loops and threads, and a forked child; ``close`` or
    ``aclose`` it, or use ``async with``. One that was made from a URL can be pickled and copied: it is the URL, with
    its password. ``clock`` gives integer microseconds since the epoch in place of the server's time, and is for tests.

    Raises:
        ConfigurationError: for an address or a ``timeout`` that can't be one, and without psycopg.

    Example:
        ```python
        suppression = PostgresSuppression("postgresql://texts@db.internal/app")
        await suppression.add("+12125551234", why="said STOP", by="Ann")
        print(await suppression.suppressed(["+12125551234", "+13235554567"]))
        await suppression.aclose()
        ```
    """

    def __init__(
        self,
        server: str | ConnectionPool[Any],
        *,
        timeout: float = DEFAULT_TIMEOUT,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._server = PostgresServer(server, "PostgresSuppression", timeout, "trust")
        self._clock = clock

    def __repr__(self) -> str:
        return f"PostgresSuppression({self._server!r})"

    def __reduce__(self) -> tuple[Callable[..., PostgresSuppression], tuple[str]]:
        return partial(PostgresSuppression, timeout=self._server.timeout, clock=self._clock), (self._server.url,)

    async def suppressed(self, phones: Sequence[str]) -> frozenset[str]:
        """The suppressed ones of ``phones``, as of now; one question for all of them.

        Raises:
            InvalidRecipientError: if one of ``phones`` is no number.
            SuppressionStoreError: if the store can't be used.
        """
        numbers = [_digits(number) for number in asked(phones)]
        found = {int(row[0] or 0) for row in await self._call(_SUPPRESSED, array(numbers))}
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

        What was told of before stays. Otherwise as ``add``.

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
        number = None if phone is None else b"%d" % _digits(asked([phone])[0])
        return [
            SuppressionEntry(
                f"+{int(digits or 0)}",
                moment_of(int(at_us or 0)),
                EntryKind.ADDED if is_suppressed == b"t" else EntryKind.REMOVED,
                unhexed(why).decode(),
                unhexed(by).decode(),
            )
            for digits, is_suppressed, at_us, why, by in await self._call(_ENTRIES, number)
        ]

    async def __list_name__(self) -> str:
        """How a campaign's terms name this list: by its database, whatever address leads there.

        That is named by the server's system identifier: see ``customersms.database_id``.
        """
        ((found,),) = await self._call(DATABASE_ID)
        return f"PostgresSuppression in the database {(found or b'').decode()}"

    def close(self) -> None:
        """Do what was asked for, and close the connections; waits for that. A closed store stays closed."""
        self._server.close()

    async def aclose(self) -> None:
        """Close the store as ``close`` does; a cancel only ends the waiting."""
        await self._server.aclose()

    async def _change(self, change: SuppressionChange) -> int:
        clock = None if self._clock is None else b"%d" % self._clock()
        numbers = array([_digits(phone) for phone in change.phones])
        adds = b"t" if change.kind is EntryKind.ADDED else b"f"
        ((changed,),) = await self._call(
            _CHANGE, numbers, adds, clock, bytea(change.why.encode()), bytea(change.by.encode())
        )
        return int(changed or 0)

    async def _call(self, command: bytes, *given: bytes | None) -> list[Row]:
        try:
            return await self._server.ask(command, *given)
        except PostgresError as error:
            problem = f"the suppression list's PostgreSQL server can't be used: {error}"
            raise SuppressionStoreError(problem, temporary=error.temporary) from None


def _digits(phone: str) -> int:
    return int(phone[1:])
