"""How things stand, for the gauges: read when somebody collects, in whatever thread that is."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final
from weakref import WeakKeyDictionary

from .._runtime import forks
from .._runtime.tasks import start

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from decimal import Decimal

    from opentelemetry.util.types import AttributeValue

    from .._core.layers import Usage
    from .._sending.observers import Counts
    from .._sending.sender import Sender
    from ..models import Limit
    from .attributes import Attributes, KeyNames

FRESH_SECONDS: Final = 0.5
"""What was asked less than so long ago is not asked again: gauges are collected one by one, and belong together."""

PATIENCE_SECONDS: Final = 0.5
"""How long a collector waits for an event loop, which may be waiting for the collector, as in a provider's shutdown."""

GIVEN_UP_SECONDS: Final = 10.0
"""How long a store may take to answer at all: a later answer is of no use to anybody."""


class _KeyQuota(NamedTuple):
    """The quota of one key: what names the key, its store and fingerprint, and the limits by which it is judged.

    ``loop`` is where it is asked for: one that rests must take nothing from what others know.
    """

    named: tuple[tuple[str, AttributeValue], ...]
    loop: asyncio.AbstractEventLoop
    store: int
    key_id: str
    limits: tuple[Limit, ...]


class QuotaReading(NamedTuple):
    """How much of each limit is used, in the limits' order, and what is left of the gateway's pause."""

    usages: Sequence[Usage]
    paused_us: int


class _Campaign(NamedTuple):
    key: Attributes
    loop: asyncio.AbstractEventLoop
    counts: Counts


class _Question(NamedTuple):
    """Something that is asked in an event loop, of a quota or of a run."""

    of: _KeyQuota | int
    ask: Callable[[], Coroutine[Any, Any, None]]


@final
class Readings:
    """What the quota, the credits and the campaigns of clients in use were when somebody last asked.

    A store in this process is asked at once. Others are asked in the event loop of their clients, which a collector in
    another thread waits for, up to half a second; one in an event loop gets what was known before.

    Mutable state, guarded by a lock: the senders, as long as they live; the campaigns that run; what was read last,
    and when; what is being asked, and the tasks that do so.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._senders: WeakKeyDictionary[Sender, KeyNames] = WeakKeyDictionary()
        self._open: set[_KeyQuota | int] = set()
        self._campaigns: dict[int, _Campaign] = {}
        self._readings: dict[_KeyQuota, QuotaReading] = {}
        self._counts: dict[int, Mapping[str, int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._read_at = -math.inf
        forks.watch(self)

    def before_fork(self) -> None:
        """Wait until whoever holds the lock is done with what it guards."""
        self._lock.acquire()

    def after_fork(self) -> None:
        """Free the lock."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Forget the campaigns, which run in the parent and are counted there; and free the lock."""
        self._campaigns.clear()
        self._counts.clear()
        self._lock.release()

    def opened(self, sender: Sender, keys: KeyNames) -> None:
        """Know of a sender, whose quota is asked for while it lives."""
        with self._lock:
            self._senders[sender] = keys

    def counted(self, key: Attributes, run: int, loop: asyncio.AbstractEventLoop, counts: Counts) -> None:
        """Know of a campaign's run, with the attributes of its key; its recipients are counted until it has ended."""
        with self._lock:
            self._campaigns[run] = _Campaign(key, loop, counts)

    def ended(self, run: int) -> None:
        """Forget a run."""
        with self._lock:
            self._campaigns.pop(run, None)
            self._counts.pop(run, None)

    def quotas(self) -> list[tuple[Attributes, tuple[Limit, ...], QuotaReading]]:
        """The quota of each key by each set of limits, with what names the key."""
        self._refresh()
        with self._lock:
            return [(dict(quota.named), quota.limits, reading) for quota, reading in self._readings.items()]

    def credits(self) -> list[tuple[Attributes, Decimal]]:
        """What is left of each account, as far as that is known, with what names the key."""
        known = ((keys.of(sender.log.name).key, sender.account.remaining) for sender, keys in self._alive())
        return [(attributes, left) for attributes, left in known if left is not None]

    def counts(self) -> list[tuple[Attributes, Mapping[str, int]]]:
        """The recipients of each campaign that runs, by state, with what names its key."""
        self._refresh()
        with self._lock:
            return [(self._campaigns[run].key, counts) for run, counts in self._counts.items()]

    def _alive(self) -> list[tuple[Sender, KeyNames]]:
        """The senders of event loops that go on."""
        with self._lock:
            return [(sender, keys) for sender, keys in self._senders.items() if not sender.room.loop.is_closed()]

    def _refresh(self) -> None:
        """Ask for all that is to be shown, unless that was done a moment ago."""
        quotas = {_quota_of(sender, keys): sender for sender, keys in self._alive()}
        with self._lock:
            if time.monotonic() - self._read_at < FRESH_SECONDS:
                return
            self._readings = {quota: reading for quota, reading in self._readings.items() if quota in quotas}
            campaigns = {run: each for run, each in self._campaigns.items() if not each.loop.is_closed()}
            self._campaigns = campaigns.copy()
            self._counts = {run: counts for run, counts in self._counts.items() if run in campaigns}
            self._open &= quotas.keys() | campaigns.keys()
        questions: dict[asyncio.AbstractEventLoop, list[_Question]] = {}
        for quota, sender in quotas.items():
            store, key_id, layers = sender.room.store, sender.room.key_id, sender.terms.layers
            if store.in_process and (read_now := getattr(store, "usage_now", None)) is not None:
                self._learn(quota, QuotaReading(*read_now(key_id, layers)))
            else:
                question = _Question(quota, partial(self._ask_store, quota, sender))
                questions.setdefault(sender.room.loop, []).append(question)
        for run, campaign in campaigns.items():
            question = _Question(run, partial(self._count, run, campaign.counts))
            questions.setdefault(campaign.loop, []).append(question)
        self._have_answered(questions)
        with self._lock:
            self._read_at = time.monotonic()

    def _have_answered(self, questions: Mapping[asyncio.AbstractEventLoop, Sequence[_Question]]) -> None:
        """Ask in the event loops that the questions belong to, and wait for the answers, but in no event loop.

        What was not answered is not asked again before it is, or is given up, and there is no figure of it.
        """
        with self._lock:
            late = set(self._open)
        until = time.monotonic() + PATIENCE_SECONDS
        asked = [self._ask(loop, [each for each in some if each.of not in late]) for loop, some in questions.items()]
        if _running_loop() is None:
            for ended in asked:
                ended.wait(max(0.0, until - time.monotonic()))
            with self._lock:
                late = set(self._open)
        with self._lock:
            self._readings = {quota: reading for quota, reading in self._readings.items() if quota not in late}

    def _ask(self, loop: asyncio.AbstractEventLoop, questions: Sequence[_Question]) -> threading.Event:
        """Ask in ``loop``; gives what tells of the end, at once if there is no more to come."""
        ended = threading.Event()

        def end(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            with self._lock:
                self._open.difference_update(each.of for each in questions)
            ended.set()

        def begin() -> None:
            task = start(loop, self._all(questions))
            self._tasks.add(task)
            task.add_done_callback(end)

        with self._lock:
            self._open.update(each.of for each in questions)
        try:
            if not questions:
                ended.set()
            elif _running_loop() is loop:
                begin()
            else:
                loop.call_soon_threadsafe(begin)
        except RuntimeError:  # it was closed just now
            ended.set()
        return ended

    async def _all(self, questions: Sequence[_Question]) -> None:
        await asyncio.gather(*map(self._one, questions))

    async def _one(self, question: _Question) -> None:
        """Ask one question; an answer that takes far longer than a collector waits is given up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GIVEN_UP_SECONDS):
                await question.ask()
        with self._lock:
            self._open.discard(question.of)

    async def _ask_store(self, quota: _KeyQuota, sender: Sender) -> None:
        try:
            found = await sender.room.store.usage(sender.room.key_id, sender.terms.layers)
        except Exception:  # noqa: BLE001 - there is no figure then; requests tell of the store's failures
            with self._lock:
                self._readings.pop(quota, None)
        else:
            self._learn(quota, QuotaReading(*found))

    async def _count(self, run: int, counts: Counts) -> None:
        try:
            found = await counts()
        except Exception:  # noqa: BLE001 - the run tells of its ledger's failures; the figure of before stays
            return
        with self._lock:
            if run in self._campaigns:
                self._counts[run] = found

    def _learn(self, quota: _KeyQuota, reading: QuotaReading) -> None:
        with self._lock:
            self._readings[quota] = reading


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _quota_of(sender: Sender, keys: KeyNames) -> _KeyQuota:
    key = tuple(keys.of(sender.log.name).key.items())
    return _KeyQuota(key, sender.room.loop, id(sender.room.store), sender.room.key_id, sender.options.limits)
