"""Idempotency keys of a fleet, in a Redis or Valkey server."""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, final

from .._core.idempotency_record import KeySeen
from .._core.idempotency_states import SAID, TRANSITIONS, KeyState
from .._runtime.closing import Closing
from ..errors import ConfigurationError, IdempotencyStoreError, QuotaStoreError
from ..quota._redis.clients import RedisClients
from ..quota._redis.server_script import NOT_KNOWN, ServerScript
from ..quota._redis.server_url import decodes, shown
from ._redis.settings import DurabilityCheck
from .keeping import DEFAULT_KEEP, Keeping
from .protocol import UnknownKey

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from redis.asyncio import Redis, RedisCluster

    from .._core.idempotency_hashes import KeyHashes
    from .._core.idempotency_record import Claim
    from .._core.idempotency_states import KeyEvent
    from .protocol import ClaimEnd

_SCRIPT: Final = ServerScript(__package__, "_redis/script.lua", mark="durable")
"""The script, loaded after a look at the settings: a server that knows it has been looked at since it began."""

_ON_ANY: Final = ServerScript(__package__, "_redis/script.lua")
"""The script for those who take any server: that one knows it says nothing about its settings."""

_LONGEST_NAME: Final = 255
"""Bytes: a record has one for the length of each text."""

_LISTED: Final = 500
"""Keys that are looked at in one call where all unknown ones are listed."""


@final
class RedisIdempotency(Closing):
    """Keeps idempotency keys for all processes that name the same server and ``prefix``.

    ``server``: a URL (``redis://``, ``rediss://``, ``unix://``), or your own ``redis.asyncio`` client, which stays
    yours to close. Needs the extra ``redis``, and a server of version 5 or later. One script decides, in one round
    trip, on the server's own clock; the keys of a namespace are in one hash slot, as
    ``<prefix>once:{<namespace>}:<key>``, and expire by themselves.

    A server that may forget is refused: what it has acknowledged must be on its disk (``appendonly yes``, ``appendfsync
    always``), and it must evict nothing (``noeviction``). It is looked at before the first call, and again once it was
    out of reach, has begun anew or is another one; not while it runs, so settings must not be changed there.
    ``volatile=True`` takes any server: a text may be sent twice then after a restart, a crash or an eviction. What no
    client can see: a fail-over to a replica that lags forgets the latest claims.

    ``keep``: seconds that a key is kept from its end, 7 days unless said otherwise; the same for all who share the
    keys. ``namespace`` keeps the keys of some apart from those of others. ``secret`` keys the hashes: without it,
    whoever has the server can try all numbers.

    Each call raises ``IdempotencyStoreError``: a temporary one where the server is out of reach, or does not answer
    within ``timeout`` seconds. A URL serves any number of event loops and threads, and ``aclose`` is called in each
    loop; a client of your own serves the loop that it belongs to, and must not decode answers. A store that was made
    from a URL can be pickled and copied: it is the URL and the options, its password and the secret among them.
    ``clock`` gives integer microseconds in place of the server's time, and is for tests.

    Raises:
        ConfigurationError: for an address, a client, ``prefix``, ``keep``, ``namespace`` or ``secret`` that can't be
            one, and without redis.

    Example:
        ```python
        keys = RedisIdempotency("redis://cache:6379/0", volatile=True)
        keeping = client.with_options(idempotency=keys)
        await keeping.send("+12125551234", "Order 7 is on its way", idempotency_key="order-7")
        again = await keeping.send("+12125551234", "Order 7 is on its way", idempotency_key="order-7")
        print(again.replayed)  # True: nothing was sent
        await keys.aclose()
        ```
    """

    def __init__(
        self,
        server: str | Redis | RedisCluster,
        prefix: str = "customersms:",
        *,
        volatile: bool = False,
        keep: float = DEFAULT_KEEP,
        namespace: str = "",
        secret: str | bytes | None = None,
        timeout: float = 2.0,
        clock: Callable[[], int] | None = None,
    ) -> None:
        clients = RedisClients(server, timeout, store="RedisIdempotency")
        if "{" in prefix or "}" in prefix:
            raise ConfigurationError("RedisIdempotency's prefix must not contain { or }: keys need one hash slot")
        if _decodes(server):
            raise ConfigurationError("RedisIdempotency needs a client that does not decode (decode_responses=False)")
        check = None if volatile else DurabilityCheck(clients)
        self._begin(Keeping(keep, namespace, secret), clients, prefix, check, clock)
        self._again = partial(RedisIdempotency, volatile=volatile, timeout=timeout, clock=clock)

    def _begin(
        self,
        keeping: Keeping,
        clients: RedisClients,
        prefix: str,
        check: DurabilityCheck | None,
        clock: Callable[[], int] | None,
    ) -> None:
        self.hashes: KeyHashes = keeping.hashes
        self._keeping, self._clients, self._prefix = keeping, clients, prefix
        self._check, self._clock = check, clock
        self._space = f"{prefix}once:{{{_name(keeping.space)}}}:"

    def __repr__(self) -> str:
        url = self._clients.url
        server = "a client of the caller's" if url is None else repr(shown(url))
        return f"RedisIdempotency({server}, {self._prefix!r})"

    def __reduce__(self) -> tuple[Callable[..., RedisIdempotency], tuple[str, str]]:
        if (url := self._clients.url) is None:
            raise TypeError("a RedisIdempotency with a client of your own can't be pickled or copied: use a URL")
        keep, namespace, secret = self._keeping.given
        return partial(self._again, keep=keep, namespace=namespace, secret=secret), (url, self._prefix)

    def namespaced(self, name: str) -> Self:
        """A store of the keys of ``name`` in the same server: see ``IdempotencyStore.namespaced``."""
        other = object.__new__(type(self))
        other._begin(self._keeping.of(name), self._clients, self._prefix, self._check, self._clock)
        other._again = self._again
        return other

    async def look(self, keys: Sequence[bytes]) -> Sequence[KeySeen | None]:
        """How each key stands: see ``IdempotencyStore.look``."""
        return _seen(await self._call("look", keys))

    async def claim(self, claim: Claim, asked: Sequence[tuple[bytes, bytes]]) -> Sequence[KeySeen | None]:
        """Claim all of these keys, or none and say how each stands: see ``IdempotencyStore.claim``."""
        given = (claim.claim, claim.length_us, claim.label, *(content for _, content in asked))
        return _seen(await self._call("claim", [key for key, _ in asked], *given))

    async def end(self, claim: bytes, ends: Sequence[ClaimEnd]) -> None:
        """Store what became of the texts of a claim: see ``IdempotencyStore.end``."""
        given = [part for one in ends for part in (int(TRANSITIONS[KeyState.CLAIMED, one.event].to), one.outcome)]
        await self._call("end", [end.key for end in ends], claim, *given)

    async def unknown(self) -> Sequence[UnknownKey]:
        """The keys whose texts may have been sent, oldest first: see ``IdempotencyStore.unknown``.

        One call for every 500 that are on their way or unknown.
        """
        names = await self._call("open", ())
        keys = [_key(name) for name in names]
        found: list[UnknownKey] = []
        for at in range(0, len(keys), _LISTED):
            some = keys[at : at + _LISTED]
            for key, row in zip(some, await self._call("unknown", some), strict=True):
                if row:
                    state, claim, age_us, label = row
                    found.append(UnknownKey(key, KeyState(state), claim, int(age_us), label.decode()))
        return sorted(found, key=lambda one: (-one.age_us, one.key))

    async def resolve(self, key: bytes, claim: bytes, event: KeyEvent, by: str) -> int:
        """Decide as a person about the text of a claim: see ``IdempotencyStore.resolve``."""
        if len(by.encode()) > _LONGEST_NAME:
            raise ConfigurationError(f"a name is at most {_LONGEST_NAME} bytes long")
        wait_us = int(await self._call("resolve", [key], claim, int(SAID[event]), by))
        if wait_us < 0:
            raise LookupError("no text of this claim may have been sent")
        return wait_us

    async def aclose(self) -> None:
        """Close the connections of the running event loop, unless the client is yours."""
        await self._clients.aclose()

    async def _call(self, call: str, keys: Sequence[bytes], *given: object) -> Any:
        """Run the script over these keys. Raises ``IdempotencyStoreError``."""
        now_us = "" if self._clock is None else self._clock()
        names = [f"{self._space}now", f"{self._space}open", *(f"{self._space}{_name(key)}" for key in keys)]

        async def ask(run: Callable[..., Awaitable[Any]]) -> Any:
            return await self._clients.ask(
                lambda client: run(client, names, call, now_us, self._keeping.keep_us, *given)
            )

        try:
            if self._check is None:
                return await ask(_ON_ANY.run)
            if self._check.is_done and (answer := await ask(_SCRIPT.run_if_known)) is not NOT_KNOWN:
                return answer
            await self._check.run()  # a connection that was cut is replaced in silence, be it by one to another server
            return await ask(_SCRIPT.run)
        except QuotaStoreError as error:
            if self._check is not None:
                self._check.is_done = False  # it may be another server when it is back
            why = str(error).removeprefix("the quota's ")
            raise IdempotencyStoreError(f"the idempotency keys' {why}", temporary=error.temporary) from None


def _seen(rows: Sequence[Any]) -> list[KeySeen | None]:
    return [KeySeen(KeyState(row[0]), row[1], row[2], row[3], int(row[4])) if row else None for row in rows]


def _name(key: bytes) -> str:
    """A hash as part of a Redis key."""
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _key(name: bytes) -> bytes:
    return base64.urlsafe_b64decode(name + b"=" * (-len(name) % 4))


def _decodes(server: object) -> bool:
    if isinstance(server, str):
        return decodes(server)
    pool = getattr(server, "connection_pool", None)
    return bool(getattr(pool, "connection_kwargs", {}).get("decode_responses"))
