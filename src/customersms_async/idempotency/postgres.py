"""Idempotency keys of a fleet, in a PostgreSQL database."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, final

from .._core.idempotency_record import KeySeen
from .._core.idempotency_states import SAID, TRANSITIONS, KeyState
from .._postgres.errors import PostgresError
from .._postgres.server import DEFAULT_TIMEOUT, PostgresServer
from .._postgres.wire import array, bytea, byteas, unhexed
from .._runtime.closing import Closing
from ..errors import IdempotencyStoreError
from .keeping import DEFAULT_KEEP, Keeping
from .protocol import UnknownKey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg_pool import ConnectionPool

    from .._core.idempotency_hashes import KeyHashes
    from .._core.idempotency_record import Claim
    from .._core.idempotency_states import KeyEvent
    from .._postgres.wire import Row
    from .protocol import ClaimEnd

_LOOK: Final = b"SELECT * FROM customersms.idempotency_look($1, $2, $3, $4)"
_CLAIM: Final = b"SELECT * FROM customersms.idempotency_claim($1, $2, $3, $4, $5, $6, $7, $8, $9)"
_END: Final = b"SELECT customersms.idempotency_end($1, $2, $3, $4, $5, $6, $7)"
_UNKNOWN: Final = b"SELECT * FROM customersms.idempotency_unknown($1, $2, $3)"
_RESOLVE: Final = b"SELECT customersms.idempotency_resolve($1, $2, $3, $4, $5, $6, $7)"


@final
class PostgresIdempotency(Closing):
    """Keeps idempotency keys for all processes that name the same database.

    ``server``: a URL (``postgresql://…``, or anything that psycopg takes), or your own ``psycopg_pool.ConnectionPool``,
    which stays yours to close, and which several stores may share. Needs the extra ``postgres``, and a server of
    version 14 or later. One function of the server's decides, in one round trip, on the server's own clock; a claim,
    and an outcome, is on its disk, and on a synchronous standby, before it is acknowledged.

    ``failover="stop"``: where another server took over, which may lack the latest claims, nothing is claimed any more,
    and so nothing with a key is sent, until a person says that nothing is missing (``customersms ledger trust``), or
    for ``keep``. ``failover="trust"`` does without: for a synchronous standby, or a shared disk.

    ``keep``: seconds that a key is kept from its end, 7 days unless said otherwise; the same for all who share the
    keys. ``namespace`` keeps the keys of some apart from those of others. ``secret`` keys the hashes: without it,
    whoever has the database can try all numbers.

    Each call raises ``IdempotencyStoreError``: a temporary one where the server is out of reach, or does not answer
    within ``timeout`` seconds. A store serves any number of event loops and threads, and a forked child; ``close`` or
    ``aclose`` it, or use ``async with``; that is for all namespaces. One that was made from a URL can be pickled and
    copied: it is the URL and the options, its password and the secret among them. ``clock`` gives integer microseconds
    in place of the server's time, and is for tests.

    Raises:
        ConfigurationError: for an address, ``keep``, ``namespace``, ``secret``, ``failover`` or ``timeout`` that
            can't be one, and without psycopg.

    Example:
        ```python
        keys = PostgresIdempotency("postgresql://texts@db.internal/app")
        keeping = client.with_options(idempotency=keys)
        await keeping.send("+12125551234", "Order 7 is on its way", idempotency_key="order-7")
        again = await keeping.send("+12125551234", "Order 7 is on its way", idempotency_key="order-7")
        print(again.replayed)  # True: nothing was sent
        await keys.aclose()
        ```
    """

    def __init__(
        self,
        server: str | ConnectionPool[Any],
        *,
        keep: float = DEFAULT_KEEP,
        namespace: str = "",
        secret: str | bytes | None = None,
        failover: str = "stop",
        timeout: float = DEFAULT_TIMEOUT,
        clock: Callable[[], int] | None = None,
    ) -> None:
        known = PostgresServer(server, "PostgresIdempotency", timeout, failover)
        self._begin(Keeping(keep, namespace, secret), known, clock)

    def _begin(self, keeping: Keeping, server: PostgresServer, clock: Callable[[], int] | None) -> None:
        self.hashes: KeyHashes = keeping.hashes
        self._keeping, self._server, self._clock = keeping, server, clock

    def __repr__(self) -> str:
        return f"PostgresIdempotency({self._server!r})"

    def __reduce__(self) -> tuple[Callable[..., PostgresIdempotency], tuple[str]]:
        keep, namespace, secret = self._keeping.given
        again = partial(
            PostgresIdempotency,
            keep=keep,
            namespace=namespace,
            secret=secret,
            failover=self._server.failover,
            timeout=self._server.timeout,
            clock=self._clock,
        )
        return again, (self._server.url,)

    def namespaced(self, name: str) -> Self:
        """A store of the keys of ``name`` in the same server: see ``IdempotencyStore.namespaced``."""
        other = object.__new__(type(self))
        other._begin(self._keeping.of(name), self._server, self._clock)
        return other

    async def look(self, keys: Sequence[bytes]) -> Sequence[KeySeen | None]:
        """How each key stands: see ``IdempotencyStore.look``."""
        return _seen(await self._call(_LOOK, byteas(keys)), len(keys))

    async def claim(self, claim: Claim, asked: Sequence[tuple[bytes, bytes]]) -> Sequence[KeySeen | None]:
        """Claim all of these keys, or none and say how each stands: see ``IdempotencyStore.claim``.

        Takes effect after a cancel, too.
        """
        rows = await self._call(
            _CLAIM,
            b"t" if self._server.trusts else b"f",
            bytea(claim.claim),
            b"%d" % claim.length_us,
            bytea(claim.label.encode()),
            byteas([key for key, _ in asked]),
            byteas([content for _, content in asked]),
        )
        if rows and rows[0][0] == b"0":
            raise IdempotencyStoreError(
                "another PostgreSQL server took over, so idempotency keys may be missing there: nothing is sent with a"
                " key until customersms ledger trust says that none are"
            )
        return _seen(rows, len(asked))

    async def end(self, claim: bytes, ends: Sequence[ClaimEnd]) -> None:
        """Store what became of the texts of a claim: see ``IdempotencyStore.end``.

        Takes effect after a cancel, too.
        """
        states = [int(TRANSITIONS[KeyState.CLAIMED, end.event].to) for end in ends]
        keys, outcomes = byteas([end.key for end in ends]), byteas([end.outcome for end in ends])
        await self._call(_END, bytea(claim), keys, array(states), outcomes)

    async def unknown(self) -> Sequence[UnknownKey]:
        """The keys whose texts may have been sent, oldest first: see ``IdempotencyStore.unknown``."""
        return [
            UnknownKey(unhexed(key), KeyState(int(state or 0)), unhexed(claim), int(age or 0), unhexed(label).decode())
            for key, state, claim, age, label in await self._call(_UNKNOWN)
        ]

    async def resolve(self, key: bytes, claim: bytes, event: KeyEvent, by: str) -> int:
        """Decide as a person about the text of a claim: see ``IdempotencyStore.resolve``."""
        said = b"%d" % int(SAID[event])
        ((wait_us,),) = await self._call(_RESOLVE, bytea(key), bytea(claim), said, bytea(by.encode()))
        if int(wait_us or 0) < 0:
            raise LookupError("no text of this claim may have been sent")
        return int(wait_us or 0)

    def close(self) -> None:
        """Do what was asked for, and close the connections; waits for that. A closed store stays closed."""
        self._server.close()

    async def aclose(self) -> None:
        """Close the store as ``close`` does; a cancel only ends the waiting."""
        await self._server.aclose()

    async def _call(self, command: bytes, *given: bytes) -> list[Row]:
        clock = None if self._clock is None else b"%d" % self._clock()
        keep = b"%d" % self._keeping.keep_us
        try:
            return await self._server.ask(command, bytea(self._keeping.space), clock, keep, *given)
        except PostgresError as error:
            problem = f"the idempotency keys' PostgreSQL server can't be used: {error}"
            raise IdempotencyStoreError(problem, temporary=error.temporary) from None


def _seen(rows: Sequence[Row], count: int) -> list[KeySeen | None]:
    found: list[KeySeen | None] = [None] * count
    for place, state, claim, content, outcome, left_us in rows:
        found[int(place or 0) - 1] = KeySeen(
            KeyState(int(state or 0)), unhexed(claim), unhexed(content), unhexed(outcome), int(left_us or 0)
        )
    return found
