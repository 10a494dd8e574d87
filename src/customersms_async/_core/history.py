"""The requests that the exact log has dropped: how many had settled until when, in steps of a minute.

The log of settle times is cut at the longest window asked for so far. A limit with a longer window may be used for the
first time later, and needs what was cut. So that goes into coarse steps: a step is the minute that begins with the
first request after the last step, and all requests that settled in it count as if they had settled when its newest one
did. That is never too early for any limit, and at most one step too late. Which requests share a step depends on their
settle times alone, not on when they are cut. Steps are kept for a day, the longest documented window; what is older
becomes one last step, the *rest*, which counts everything before it: a limit with a window of more than a day that is
first used later is full until all of the rest is out of its window, or has room for all of it.

A key costs nothing until something of it is cut, and then 16 bytes for each minute of the last day in which a request
settled, 23 kB at most. Rejected: keeping the exact times of a day for every key (400 kB), counts by the hour (an hour
too late), minutes of the clock (stores count time from different moments).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import Final, final

STEP_US: Final = 60_000_000
"""A coarse step: the shortest documented window, so that the longer ones wait for some thousandths longer at most."""

KEPT_US: Final = 86_417_280_000
"""How far back the steps go: a day, stretched as all windows are."""


@final
class Steps:
    """The settle times that were cut from a key's log, ascending; each is that of the newest request in its step.

    Mutable state: for each step the newest settle time, and how many requests had ever settled until then; when the
    last step began; whether the first one is the rest.
    """

    __slots__ = ("_began_us", "_ends", "_has_rest", "_newest_us")

    def __init__(self) -> None:
        self._newest_us = array("q")
        self._ends = array("q")
        self._began_us = 0
        self._has_rest = False

    def __len__(self) -> int:
        """How many requests were cut, ever."""
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, number: int, /) -> int:
        """When the request with this number, counted from the first one ever, counts as settled."""
        return self._newest_us[bisect_right(self._ends, number)]

    @property
    def rest_us(self) -> int | None:
        """When the rest counts as settled, if there is one."""
        return self._newest_us[0] if self._has_rest else None

    def until(self, at_us: int) -> int:
        """How many of the requests that were cut count as settled at ``at_us`` or before."""
        steps = bisect_right(self._newest_us, at_us)
        return self._ends[steps - 1] if steps else 0

    def numbers(self) -> list[int]:
        """All of this: when the last step began and whether there is a rest, and two numbers for each step."""
        return [self._began_us, int(self._has_rest), *self._newest_us, *self._ends]

    @classmethod
    def of_numbers(cls, numbers: list[int]) -> Steps:
        """The steps of which these are the ``numbers``."""
        steps, count = cls(), len(numbers) // 2 - 1
        steps._began_us, steps._has_rest = numbers[0], bool(numbers[1])
        steps._newest_us = array("q", numbers[2 : 2 + count])
        steps._ends = array("q", numbers[2 + count :])
        return steps

    def add(self, log: array[int], count: int) -> None:
        """Take in the first ``count`` settle times of a log, which are not older than any that is here."""
        first, before = 0, len(self)
        while first < count:
            if not self._ends or log[first] >= self._began_us + STEP_US:
                self._began_us = log[first]
                self._newest_us.append(0)
                self._ends.append(0)
            first = bisect_left(log, self._began_us + STEP_US, first, count)
            self._newest_us[-1], self._ends[-1] = log[first - 1], before + first

    def drop(self, until_us: int) -> None:
        """Turn the steps into the rest whose newest request is a whole step older than that: no other may join them."""
        if (dropped := bisect_right(self._newest_us, until_us - STEP_US)) > 0:
            del self._newest_us[: dropped - 1], self._ends[: dropped - 1]
            self._has_rest = True


@final
class History:
    """All settle times of a key, ascending: those that were cut, then those of the exact log."""

    def __init__(self, steps: Steps, log: array[int]) -> None:
        self._steps, self._log, self._cut = steps, log, len(steps)

    def __len__(self) -> int:
        return self._cut + len(self._log)

    def __getitem__(self, position: int, /) -> int:
        number = position if position >= 0 else position + len(self)
        return self._log[number - self._cut] if number >= self._cut else self._steps[number]
