"""How long a line of requests will have to wait, at least."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .layers import Layer


class LineForecast:
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
