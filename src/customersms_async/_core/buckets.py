"""The token buckets of one key: (state, now) -> granted, or how long to wait.

Promise 1: *For every limit of L requests per W seconds, no window of length W, wherever it is placed and however
long answers take, sees more than L requests of a key from the clients that share one quota store, provided that
no request arrives more than five seconds after its deadline; and the quota makes no request wait longer than that
demands; a limit that is first used later waits at most one coarse step longer.*

Why it holds. Suppose a window [t, t + W) sees L + 1 arrivals, and let g be the latest of their grants. Each request
is held from its grant to its settling and arrives in between, so each of the other L settled at t or later, or is
still held at g. As g is before t + W, each of them is held at g or settled less than W before g: at g, all L tokens
were out, and nothing was granted. No shorter wait is safe: a request may have arrived at the very moment it settled.

One log of settle times serves every limit: with i requests held, a limit (L, W) has a free token when its (L - i)-th
newest settle time is at least W ago. A grant costs O(1) amortised and allocates nothing from L. Rejected: a refilled
bucket (lets 2L - 1 into a window, or wastes most of the quota), a log of sending times (the network's jitter pushes
requests together), a log for each limit (the same times, several times over). What the log drops, as no window asked
for so far reaches it, is counted by the minute, for limits that are first used later: see ``history``.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, final

from .history import KEPT_US, History, Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..models import Limit

GRACE_US: Final = 5_000_000
"""How long after its deadline an unanswered request may still arrive: promise 1's five seconds."""

DRIFT_PPM: Final = 200
"""Windows are stretched by this much, for the drift between the gateway's clock and ours."""

NEVER_US: Final = 1 << 62


class Layer(NamedTuple):
    """One limit as the buckets count it: at most ``requests`` within ``window_us`` microseconds."""

    requests: int
    window_us: int


def layers(limits: Sequence[Limit], reserve: float = 0.0) -> tuple[Layer, ...]:
    """The limits as layers, in their order, windows stretched; each leaves ``reserve`` (0 to 1) of its tokens.

    A layer keeps at least one token, so that a large reserve slows the bulk down but never stops it.
    """
    return tuple(
        Layer(
            max(1, limit.requests - int(limit.requests * reserve)),
            limit.window_us + -(-limit.window_us * DRIFT_PPM // 1_000_000),
        )
        for limit in limits
    )


class Wait(NamedTuple):
    """No token now, and none for ``wait_us`` microseconds (above 0), unless a request is given back: ask again then.

    It is the least possible wait, as if every request held were answered now: a token is out for at least one window
    from its settling, whoever settles it and whenever, so asking again then is never late.
    """

    wait_us: int


class Usage(NamedTuple):
    """One layer's state: tokens used, and microseconds until the next of them is back (0 if none is used)."""

    used: int
    next_us: int


class Log(Protocol):
    """The settle times of a key, ascending, wherever a store keeps them: all of them, the older ones coarse."""

    def __len__(self) -> int: ...

    def __getitem__(self, position: int, /) -> int: ...


def free_at_us(now_us: int, layers: Sequence[Layer], held: int, log: Log) -> int:
    """The earliest moment at which every layer may have a token, while ``held`` requests are held; may be past."""
    free_us, past = 0, len(log) + held
    for requests, window_us in layers:
        if requests <= past:
            then_us = (log[held - requests] if requests > held else now_us) + window_us
            if then_us > free_us:
                free_us = then_us
    return free_us


def usage(now_us: int, layer: Layer, held: int, log: Log) -> Usage:
    """How a layer stands; requests held count as used, and as if answered now."""
    first = bisect_right(log, now_us - layer.window_us)
    used = len(log) - first + held
    if not used:
        return Usage(0, 0)
    return Usage(used, (log[first] if first < len(log) else now_us) + layer.window_us - now_us)


def longest_us(line: Iterable[tuple[Sequence[Layer], int]]) -> int:
    """The longest window of a line of requests, 0 if it has none."""
    return max((window_us for layers, _ in line for _, window_us in layers), default=0)


class Forecast:
    """When the last of a line of requests may leave; the line is runs of (layers, how many requests).

    As if every request held were answered now, every one granted were answered at once, and nobody more urgent came.
    Requests are numbered from the oldest in the log, through those held, to the line's last. A request leaves when, in
    each layer (L, W), the one L before it settled W ago, and not before the run ahead of its own: only those that the
    last one leads back to are looked at, some N / L of N.
    """

    def __init__(self, line: Iterable[tuple[Sequence[Layer], int]], known: int, held: int) -> None:
        self._known = known
        self._past = known + held
        self._runs: list[tuple[int, Sequence[Layer]]] = []
        end = self._past
        for layers, count in line:
            if count:
                self._runs.append((end, layers))
                end += count
        self._numbers = sorted(self._leading_to(end - 1) if self._runs else ())

    @property
    def positions(self) -> list[int]:
        """The positions in the log, ascending, whose settle times the forecast depends on."""
        return self._numbers[: bisect_right(self._numbers, self._known - 1)]

    def wait_us(self, now_us: int, paused_until_us: int, settled_us: Iterable[int]) -> int:
        """The last one's wait; ``settled_us`` goes with ``positions``. 0 for an empty line."""
        times = dict(zip(self.positions, settled_us, strict=True))
        start_us = at_us = max(now_us, paused_until_us)
        for number in self._numbers[len(times) :]:
            if number < self._past:
                times[number] = now_us
                continue
            begin, layers = self._run_of(number)
            at_us = times[begin - 1] if begin > self._past else start_us
            for requests, window_us in layers:
                if number >= requests:
                    at_us = max(at_us, times[number - requests] + window_us)
            times[number] = at_us
        return at_us - now_us if self._runs else 0

    def _run_of(self, number: int) -> tuple[int, Sequence[Layer]]:
        return self._runs[bisect_right(self._runs, number, key=lambda run: run[0]) - 1]

    def _leading_to(self, last: int) -> set[int]:
        found: set[int] = set()
        todo = [last]
        while todo:
            number = todo.pop()
            if number in found:
                continue
            found.add(number)
            if number >= self._past:
                begin, layers = self._run_of(number)
                todo += [number - requests for requests, _ in layers if number >= requests]
                if begin > self._past:
                    todo.append(begin - 1)
        return found


@final
class Buckets:
    """Every token of one key. Times are integer microseconds of one clock; a clock that steps back stands still.

    ``on_rest`` is called when a limit is asked for whose window is longer than any before, and than a day, and reaches
    requests of which only the number is still known: all of them count as if they had settled when the last did.

    Mutable state, all of it owned here: the log of settle times (cut, now and then, at the longest window asked for so
    far, be it to take or to look), the coarse steps of what was cut, the held requests with the time at which each
    lapses, a time before which none of them does, the latest time seen, the end of a pause, and how many tokens every
    layer had left when somebody last looked, less those taken since on the same layers.
    """

    __slots__ = (
        "_cut_at",
        "_held",
        "_lapse_us",
        "_last_id",
        "_layers",
        "_log",
        "_longest_us",
        "_now_us",
        "_on_rest",
        "_paused_us",
        "_spare",
        "_steps",
    )

    def __init__(self, on_rest: Callable[[], object] | None = None) -> None:
        self._on_rest = on_rest
        self._log = array("q")
        self._steps: Steps | None = None
        self._cut_at = 64
        self._held: dict[int, int] = {}
        self._lapse_us = NEVER_US
        self._last_id = 0
        self._layers: Sequence[Layer] = ()
        self._spare = 0
        self._longest_us = 0
        self._now_us = 0
        self._paused_us = 0

    def take(self, now_us: int, layers: Sequence[Layer], hold_us: int) -> int | Wait:
        """The id of a request that holds one token of every layer, or the wait; then nothing is taken.

        The request settles by itself ``hold_us`` (above 0) from now, unless it is settled or given back before.
        """
        if now_us < self._now_us:
            now_us = self._now_us
        self._now_us = now_us
        if now_us >= self._lapse_us:
            self._lapse()
        if not self._spare or layers is not self._layers:
            self._look(now_us, layers)
        if not self._spare or self._paused_us > now_us:
            return Wait(max(self._paused_us, free_at_us(now_us, layers, len(self._held), self._whole_log())) - now_us)
        self._spare -= 1
        self._last_id = request = self._last_id + 1
        self._held[request] = lapse_us = now_us + hold_us
        if lapse_us < self._lapse_us:
            self._lapse_us = lapse_us
        return request

    def settle(self, now_us: int, request: int) -> None:
        """The script's answer is known: the tokens come back one window from now. A request not held is ignored."""
        if now_us < self._now_us:
            now_us = self._now_us
        self._now_us = now_us
        if now_us >= self._lapse_us:
            self._lapse()
        if self._held.pop(request, None) is not None:
            self._log.append(now_us)
            if len(self._log) > self._cut_at:
                self._cut()

    def give_back(self, now_us: int, request: int) -> None:
        """The request provably never left: its tokens are back at once. A request not held is ignored."""
        self._advance(now_us)
        self._held.pop(request, None)

    def pause(self, now_us: int, pause_us: int) -> None:
        """Grant nothing for ``pause_us`` from now; the later end of two pauses counts."""
        self._paused_us = max(self._paused_us, self._advance(now_us) + pause_us)

    def paused_us(self, now_us: int) -> int:
        """What is left of the pause, 0 if there is none."""
        return max(0, self._paused_us - self._advance(now_us))

    def usage(self, now_us: int, layers: Sequence[Layer]) -> tuple[Usage, ...]:
        """How every layer stands, in order; requests held count as used, and as if answered now."""
        now_us = self._advance(now_us)
        self._reach(max((window_us for _, window_us in layers), default=0))
        log = self._whole_log()
        return tuple(usage(now_us, layer, len(self._held), log) for layer in layers)

    def forecast_us(self, now_us: int, line: Sequence[tuple[Sequence[Layer], int]]) -> int:
        """The least possible wait of the last request in ``line``: see ``Forecast``."""
        now_us = self._advance(now_us)
        self._reach(longest_us(line))
        log = self._whole_log()
        forecast = Forecast(line, len(log), len(self._held))
        return forecast.wait_us(now_us, self._paused_us, (log[position] for position in forecast.positions))

    def _look(self, now_us: int, layers: Sequence[Layer]) -> None:
        """Count the tokens that every layer has; time can only add to them."""
        past, spare = len(self._held) + len(self._log) + (len(self._steps) if self._steps else 0), NEVER_US
        for requests, window_us in layers:
            if window_us > self._longest_us:
                self._reach(window_us)
            used = past if past < requests else past - self._settled_until(now_us - window_us)
            spare = min(spare, max(0, requests - used))
        self._spare, self._layers = spare, layers

    def _settled_until(self, at_us: int) -> int:
        settled = bisect_right(self._log, at_us)
        if self._steps:
            settled = settled + len(self._steps) if settled else self._steps.until(at_us)
        return settled

    def _whole_log(self) -> Log:
        return History(self._steps, self._log) if self._steps else self._log

    def _reach(self, longest_us: int) -> None:
        """Keep the log for so long from now on; what the windows asked for before don't reach is coarse for good."""
        if longest_us > self._longest_us:
            self._cut()
            self._longest_us = longest_us
            rest_us = self._steps.rest_us if self._steps else None
            if self._on_rest and rest_us is not None and rest_us > self._now_us - longest_us:
                self._on_rest()

    def _advance(self, now_us: int) -> int:
        """Settle what has lapsed, in order, and say what time it is."""
        if now_us < self._now_us:
            now_us = self._now_us
        self._now_us = now_us
        if now_us >= self._lapse_us:
            self._lapse()
        return now_us

    def _lapse(self) -> None:
        held = self._held
        due = sorted((lapse_us, request) for request, lapse_us in held.items() if lapse_us <= self._now_us)
        for lapse_us, request in due:
            del held[request]
            self._log.append(lapse_us)
        self._lapse_us = min(held.values(), default=NEVER_US)
        self._cut()

    def _cut(self) -> None:
        """Make coarse what no window reaches any more; the next cut comes when the log has doubled."""
        if count := bisect_right(self._log, self._now_us - self._longest_us):
            self._steps = self._steps or Steps()
            self._steps.add(self._log, count)
            del self._log[:count]
        if self._steps:
            self._steps.drop(self._now_us - max(self._longest_us, KEPT_US))
        self._cut_at = 2 * len(self._log) + 64
