"""Metrics of how things stand: asked for when somebody collects, in whatever thread that is."""

from __future__ import annotations

import asyncio
import contextlib
import math
import operator
import threading
import time
from collections import Counter
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, final
from weakref import WeakSet

from opentelemetry.metrics import Observation

from .._runtime.tasks import start
from . import table

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence

    from opentelemetry.metrics import CallbackOptions, Meter
    from opentelemetry.util.types import AttributeValue

    from .._core.layers import Usage
    from .._sending.looking_on import Counts
    from .._sending.sender import Sender
    from ..models import Limit
    from .attributes import Attributes, KeyNames
    from .table import Metric

T = TypeVar("T")

FRESH_SECONDS: Final = 0.5
"""What was asked less than so long ago is not asked again: gauges are collected one by one, and belong together."""

PATIENCE_SECONDS: Final = 0.5
"""How long a collector waits for an event loop, which may be waiting for the collector, as in a provider's shutdown."""


class _Account(NamedTuple):
    """Whose quota it is: the key's name, store and fingerprint, and the limits by which it is judged."""

    name: str
    store: int
    key_id: str
    limits: tuple[Limit, ...]


class _QuotaReading(NamedTuple):
    usages: Sequence[Usage]
    paused_us: int


class _Campaign(NamedTuple):
    key: str
    loop: asyncio.AbstractEventLoop
    counts: Counts


class _Use(NamedTuple):
    """How much of one limit of one key is used."""

    used: int
    requests: int

    @property
    def share(self) -> float:
        return self.used / self.requests


@final
class Gauges:
    """The quota, the credits and the campaigns of clients that are in use.

    A store in this process is asked at once. Others are asked in the event loop of their clients, which a collector in
    another thread waits for, up to half a second; one in that loop's own thread gets what was known before.
    Where keys are not told apart, the fullest of each limit is shown, the longest pause, and the least credits.

    Mutable state, guarded by a lock: the senders, as long as they live; the campaigns that run; what was read last,
    and when.
    """

    def __init__(self, meter: Meter, keys: KeyNames) -> None:
        self._keys = keys
        self._lock = threading.Lock()
        self._senders: WeakSet[Sender] = WeakSet()
        self._campaigns: dict[int, _Campaign] = {}
        self._readings: dict[_Account, _QuotaReading] = {}
        self._counts: dict[int, Mapping[str, int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._read_at = -math.inf
        gauges: tuple[tuple[Metric, Callable[[], Iterable[Observation]]], ...] = (
            (table.USAGE, self._usage),
            (table.LIMIT, self._limit),
            (table.UTILIZATION, self._utilization),
            (table.PAUSE, self._pause),
            (table.CREDITS, self._credits),
            (table.CAMPAIGN, self._recipients),
        )
        for metric, observe in gauges:
            meter.create_observable_gauge(metric.name, [_callback(observe)], metric.unit, metric.says)

    def opened(self, sender: Sender) -> None:
        """Know of a sender, whose quota is asked for while it lives."""
        with self._lock:
            self._senders.add(sender)

    def counted(self, key: str, run: int, loop: asyncio.AbstractEventLoop, counts: Counts) -> None:
        """Know of a campaign's run with a key of this name; its recipients are counted until it has ended."""
        with self._lock:
            self._campaigns[run] = _Campaign(key, loop, counts)

    def ended(self, run: int) -> None:
        """Forget a run."""
        with self._lock:
            self._campaigns.pop(run, None)
            self._counts.pop(run, None)

    def _usage(self) -> Iterable[Observation]:
        return [Observation(use.used, attributes) for attributes, use in self._uses()]

    def _limit(self) -> Iterable[Observation]:
        return [Observation(use.requests, attributes) for attributes, use in self._uses()]

    def _utilization(self) -> Iterable[Observation]:
        return [Observation(use.share, attributes) for attributes, use in self._uses()]

    def _uses(self) -> list[tuple[Attributes, _Use]]:
        rows = (
            ({"window": f"{limit.seconds:g}", **self._keys.of(account.name).key}, _Use(usage.used, limit.requests))
            for account, reading in self._known()
            for limit, usage in zip(account.limits, reading.usages, strict=True)
        )
        return _greatest(rows, attrgetter("share"))

    def _pause(self) -> Iterable[Observation]:
        rows = ((self._keys.of(account.name).key, reading.paused_us / 1e6) for account, reading in self._known())
        return [Observation(seconds, attributes) for attributes, seconds in _greatest(rows, float)]

    def _credits(self) -> Iterable[Observation]:
        known = ((sender.log.name, sender.account.remaining) for sender in self._alive())
        rows = ((self._keys.of(name).key, left) for name, left in known if left is not None)
        return [Observation(float(left), attributes) for attributes, left in _greatest(rows, operator.neg)]

    def _recipients(self) -> Iterable[Observation]:
        self._refresh()
        with self._lock:
            counts = [(self._campaigns[run].key, each) for run, each in self._counts.items()]
        sums: Counter[frozenset[tuple[str, AttributeValue]]] = Counter()
        for key, states in counts:
            for state, many in states.items():
                sums[frozenset({"state": str(state), **self._keys.of(key).key}.items())] += many
        return [Observation(many, dict(attributes)) for attributes, many in sums.items()]

    def _known(self) -> list[tuple[_Account, _QuotaReading]]:
        self._refresh()
        with self._lock:
            return list(self._readings.items())

    def _alive(self) -> list[Sender]:
        with self._lock:
            return list(self._senders)

    def _refresh(self) -> None:
        """Ask for all that is to be shown, unless that was done a moment ago."""
        accounts = {_account(sender): sender for sender in self._alive()}
        with self._lock:
            if time.monotonic() - self._read_at < FRESH_SECONDS:
                return
            self._read_at = time.monotonic()
            self._readings = {account: reading for account, reading in self._readings.items() if account in accounts}
            campaigns = dict(self._campaigns)
        questions: dict[asyncio.AbstractEventLoop, list[Callable[[], Coroutine[Any, Any, None]]]] = {}
        for account, sender in accounts.items():
            store, key_id, layers = sender.room.store, sender.room.key_id, sender.terms.layers
            if store.in_process and (read_now := getattr(store, "usage_now", None)) is not None:
                self._learn(account, _QuotaReading(*read_now(key_id, layers)))
            else:
                questions.setdefault(sender.room.loop, []).append(partial(self._ask_store, account, sender))
        for run, campaign in campaigns.items():
            questions.setdefault(campaign.loop, []).append(partial(self._count, run, campaign.counts))
        for loop, some in questions.items():
            self._have_answered(loop, some)

    def _have_answered(
        self, loop: asyncio.AbstractEventLoop, questions: Sequence[Callable[[], Coroutine[Any, Any, None]]]
    ) -> None:
        """Ask in the event loop that it belongs to, and wait for the answers in any other thread than that loop's."""
        asking = _all(questions)
        if _running_loop() is loop:
            task = start(loop, asking)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        try:
            answered = asyncio.run_coroutine_threadsafe(asking, loop)
        except RuntimeError:  # the loop is closed
            asking.close()
            return
        with contextlib.suppress(TimeoutError):
            answered.result(PATIENCE_SECONDS)

    async def _ask_store(self, account: _Account, sender: Sender) -> None:
        try:
            found = await sender.room.store.usage(sender.room.key_id, sender.terms.layers)
        except Exception:  # noqa: BLE001 - there is no figure then; requests tell of the store's failures
            with self._lock:
                self._readings.pop(account, None)
        else:
            self._learn(account, _QuotaReading(*found))

    async def _count(self, run: int, counts: Counts) -> None:
        try:
            found = await counts()
        except Exception:  # noqa: BLE001 - the run tells of its ledger's failures; the figure of before stays
            return
        with self._lock:
            if run in self._campaigns:
                self._counts[run] = found

    def _learn(self, account: _Account, reading: _QuotaReading) -> None:
        with self._lock:
            self._readings[account] = reading


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _all(questions: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    await asyncio.gather(*(ask() for ask in questions))


def _account(sender: Sender) -> _Account:
    return _Account(sender.log.name, id(sender.room.store), sender.room.key_id, sender.options.limits)


def _callback(observe: Callable[[], Iterable[Observation]]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    return lambda options: observe()  # noqa: ARG005 - the collector's options: nothing depends on them


def _greatest(rows: Iterable[tuple[Attributes, T]], rank: Callable[[T], Any]) -> list[tuple[Attributes, T]]:
    """Of the rows with equal attributes the one of the highest rank."""
    found: dict[frozenset[tuple[str, object]], tuple[Attributes, T]] = {}
    for attributes, one in rows:
        place = frozenset(attributes.items())
        if place not in found or rank(one) > rank(found[place][1]):
            found[place] = attributes, one
    return list(found.values())
