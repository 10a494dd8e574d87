"""The protocol of quota stores: all that a client asks of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeGuard

from .._runtime import log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._core.caps import CapHit, CappedText
    from .._core.layers import Layer, Usage, Wait


class QuotaStore(Protocol):
    """Keeps the tokens of keys; ``customersms_async.quota.Buckets`` is the rule that every store follows.

    A store knows a key only by its fingerprint, ``key_id``, and a request that holds tokens, one of every layer, by a
    number of its own choice. Times are integer microseconds of the store's own clock, and none crosses this boundary:
    waits, holds and pauses are lengths. Each call is one atomic decision; a call that is cancelled either took effect
    or did not, and a grant that nobody heard of lapses by itself.

    What was settled is known exactly for the longest window asked for so far, by taking or looking, by the minute for a
    day, and as one count beyond that: ``_core/history.py`` says why.

    A call may reach a store on another machine late, twice, or after a later one. It says only what is still true then:
    no request number is used twice, and one whose grant nobody heard of is never used.

    Each call raises ``QuotaStoreError`` where it can't decide: with ``temporary=True`` for a store that may be back,
    which is then asked again for as long as the request may wait. Nothing is sent without a grant.

    ``customersms_async.testing.QuotaStoreContract`` tests a store of your own.

    Example:
        ```python
        def client_of(tenant: str, quota: QuotaStore) -> AsyncClient:  # any store will do
            return AsyncClient(api_key=f"cspro_{tenant}", quota=quota, label=tenant)

        client_of("tenant-42", MemoryQuota())
        ```
    """

    in_process: bool
    """Whether no other process shares these tokens. Such a store is an ``InProcessQuotaStore``: it never suspends."""

    async def take(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """Take one token of every layer, or none and say how long to wait.

        The request settles ``hold_us`` microseconds from now unless somebody says otherwise before. Gives the number by
        which the store knows it.
        """

    async def renew(self, key_id: str, request: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """Give a request back and take another, in one step; after a ``Wait``, only the first half happened.

        ``request`` is the number that ``take`` gave, and ``hold_us``, in microseconds, is for the new one.
        """

    async def settle(self, key_id: str, request: int) -> None:
        """Hear that the script's answer to a request is known; unknown and lapsed requests are ignored.

        ``request`` is the number that ``take`` gave.
        """

    async def give_back(self, key_id: str, request: int) -> None:
        """Hear that a request provably never left; unknown and lapsed requests are ignored.

        ``request`` is the number that ``take`` gave.
        """

    async def pause(self, key_id: str, pause_us: int) -> None:
        """Grant nothing for ``pause_us`` microseconds; the later end of two pauses counts."""

    async def forecast_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """The least possible wait of a line's last request, in microseconds: see ``Buckets.forecast_us``.

        ``line`` has each request's layers, and how many microseconds it will be held.
        """

    async def usage(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        """How every layer stands, in order, and what is left of a pause in microseconds."""


class InProcessQuotaStore(QuotaStore, Protocol):
    """A store whose tokens no other process shares (``in_process = True``), and which says everything at once.

    No ``async`` method ever suspends. Three of them are plain calls, too: the waiting room lets a newcomer in, or turns
    one away whose ``max_wait`` is too short, without a task, and metrics are collected in any thread. A store may lack
    ``forecast_now_us``: then a task awaits ``forecast_us``, and who is turned away hears of it a moment later; and
    ``usage_now``: then the event loop is asked.

    Example:
        ```python
        store: InProcessQuotaStore = MemoryQuota()
        print(store.take_now("4a0bf89c", [Layer(100, 60_000_000)], 30_000_000))  # the number of a request
        ```
    """

    def take_now(self, key_id: str, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """Take one token of every layer, or none: see ``QuotaStore.take``.

        A plain call.
        """

    def forecast_now_us(self, key_id: str, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """The least possible wait of a line's last request, in microseconds: see ``QuotaStore.forecast_us``.

        A plain call.
        """

    def usage_now(self, key_id: str, layers: Sequence[Layer]) -> tuple[tuple[Usage, ...], int]:
        """How every layer stands, in order, and what is left of a pause in microseconds: see ``QuotaStore.usage``.

        A plain call, in any thread.
        """


class CapStore(Protocol):
    """What a quota store needs besides, for clients with ``caps``; ``customersms_async.quota.hits`` is the rule.

    Texts that are counted together have one ``space``; a store knows it, and what they count in, by hashes. Each call
    is one atomic decision over a whole batch, whose texts count in their order. What was settled is kept for the
    longest window that anybody has asked for so far in that space; a longer one counts from its first use.

    As with a ``QuotaStore``, nothing but lengths of time crosses this boundary; a call may come late, twice, or after a
    later one; and a text that nobody speaks of again lapses by itself, and counts. Each call raises ``QuotaStoreError``
    where it can't decide.

    ``customersms_async.testing.CapStoreContract`` tests a store of your own.

    Example:
        ```python
        store: CapStore = MemoryQuota()  # each store of this package is one
        number = CapScope(b"a hash of +12125551234", (Layer(2, 604_800_000_000),))
        print(await store.take_caps(b"codes", [CappedText(b"1", (number,))], 30_000_000))  # [None]: there is room
        ```
    """

    async def look_at_caps(self, space: bytes, texts: Sequence[CappedText]) -> Sequence[CapHit | None]:
        """For each text the cap that it hits, or ``None`` if there is room for it; nothing is taken."""

    async def take_caps(self, space: bytes, texts: Sequence[CappedText], hold_us: int) -> Sequence[CapHit | None]:
        """Count all of these texts, or none of them where any hits a cap; then say which do.

        Each is held for ``hold_us`` microseconds from now, and counts for its windows from then on, unless ``end_caps``
        says otherwise before. A text that comes ``again`` takes the place of what its earlier try counted for, in each
        scope that both have; that is let go for good, even if the new one turns out never to have left.
        """

    async def end_caps(self, space: bytes, answered: Sequence[CappedText], not_sent: Sequence[CappedText]) -> None:
        """Hear of which texts the answer is known, and which provably never left; unknown and lapsed ones are ignored.

        The former count from now on, the latter no more.
        """


def is_in_process(store: QuotaStore) -> TypeGuard[InProcessQuotaStore]:
    """Whether the store has plain calls; ``check_parts`` has seen to it that ``take_now`` is there."""
    return store.in_process


def warn_of_rest() -> None:
    """Warn, in the log, of a limit whose window is longer than what is still known by the minute."""
    log.warning(
        "a limit of more than a day is used for the first time on a key that has sent before: requests of more than a"
        " day ago, of which only the number is known, count as if all were as new as the last of them"
    )
