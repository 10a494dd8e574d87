"""The end of a campaign under hours, quota and pace: every request is gone through, as if each were answered at once.

Goal: right to the second, at some microseconds a recipient. The plan of a run is followed with the rules that the run
itself goes by: recipients in the input's order, passed over while they are out of hours and met again by the next
sweep, equal texts in one request, so many requests in line at a time, and each batch judged again as it leaves.
Rejected: a figure by zone and average rate, which is an hour off where hours end in the middle of a window.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple, final

import msgspec

from .batching import Batch, Grouper
from .schedule import NEVER_US, ScheduleJudge, Verdict, VerdictKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..models import Limit
    from .layers import Layer


class ScheduledPeople(msgspec.Struct):
    """The recipients left of a campaign, in the input's order: of each its zones' place in ``zones``, and its text.

    Texts are numbers, as only which are equal counts.
    """

    zones: list[tuple[str, ...]]
    zones_of: Sequence[int]
    text_of: Sequence[int]


class ScheduleForecast(NamedTuple):
    """The course of a campaign: when its first and its last request leave (microseconds since 1970), and who gets none.

    Both are ``None`` if none leaves. ``skipped``: how many for each reason.
    """

    begin_us: int | None
    end_us: int | None
    requests: int
    skipped: dict[VerdictKind, int]


@final
class Grants:
    """The moments at which a quota and a pace let requests go, if each is answered at once.

    ``not_before_us`` says of the request at a place (from 0) when it may leave by what the quota holds already.
    Mutable state: the moments granted so far, and when all turns of the pace are there.
    """

    def __init__(self, layers: Sequence[Layer], pace: Limit | None, not_before_us: Callable[[int], int]) -> None:
        self._layers = layers
        self._turn_us = 0 if pace is None else pace.seconds / pace.requests * 1e6
        self._burst_us = 0 if pace is None else pace.seconds * 1e6
        self._not_before_us = not_before_us
        self._given: list[int] = []
        self._rested_us: float = 0

    def next_us(self, now_us: int) -> int:
        """When the next request may leave, from now on."""
        place = len(self._given)
        at_us = max(now_us, self._not_before_us(place))
        for requests, window_us in self._layers:
            if place >= requests:
                at_us = max(at_us, self._given[place - requests] + window_us)
        return max(at_us, round(self._rested_us + self._turn_us - self._burst_us))

    def take(self, at_us: int) -> None:
        """Let a request leave at that moment."""
        self._given.append(at_us)
        self._rested_us = max(self._rested_us, at_us) + self._turn_us


@final
class _Plan:
    """The plan of a run, as ``campaign.plan`` makes it.

    Mutable state: who is left, the sweep, who has to wait, until when, who gets none, and the verdicts of one moment.
    """

    def __init__(self, people: ScheduledPeople, judge: ScheduleJudge, batch_size: int, lookahead: int) -> None:
        self._people = people
        self._judge = judge
        self._grouper = Grouper(batch_size, lookahead)
        self._ready: deque[Batch] = deque()
        self._left = list(range(len(people.zones_of)))
        self._later: list[int] = []
        self._place = 0
        self._judged_us = -1
        self._verdicts: dict[int, Verdict] = {}
        self.opens_us = NEVER_US
        self.skipped: dict[VerdictKind, int] = {}

    def next(self, now_us: int) -> Batch | None:
        """The next batch of who may be texted, or ``None`` once the sweep is through."""
        while not self._ready and self._place < len(self._left):
            index = self._left[self._place]
            self._place += 1
            if self._may(index, now_us):
                self._ready.extend(self._grouper.push(index, "", str(self._people.text_of[index])))
            if self._place == len(self._left):
                self._ready.extend(self._grouper.flush())
        return self._ready.popleft() if self._ready else None

    def put_back(self, batch: Batch) -> None:
        """Have ``batch`` be the next one."""
        self._ready.appendleft(batch)

    def still(self, batch: Batch, now_us: int) -> list[int]:
        """The places of those in a batch who may be texted now; the others wait, or are skipped."""
        return [index for index in batch.indexes if self._may(index, now_us)]

    def all_may(self, batch: Batch, now_us: int) -> bool:
        """Whether everybody in a batch may be texted now."""
        return all(self._verdict(index, now_us).kind is VerdictKind.NOW for index in batch.indexes)

    def sweep(self) -> bool:
        """Begin a sweep through those who were passed over; false if there is nobody."""
        self._left, self._later, self._place, self.opens_us = sorted(self._later), [], 0, NEVER_US
        return bool(self._left)

    def _verdict(self, index: int, now_us: int) -> Verdict:
        if now_us != self._judged_us:
            self._judged_us, self._verdicts = now_us, {}
        number = self._people.zones_of[index]
        verdict = self._verdicts.get(number)
        if verdict is None:
            verdict = self._verdicts[number] = self._judge.judge(self._people.zones[number], now_us)
        return verdict

    def _may(self, index: int, now_us: int) -> bool:
        kind, us = self._verdict(index, now_us)
        if kind is VerdictKind.LATER:
            self._later.append(index)
            self.opens_us = min(self.opens_us, us)
        elif kind is not VerdictKind.NOW:
            self.skipped[kind] = self.skipped.get(kind, 0) + 1
        return kind is VerdictKind.NOW


def forecast(
    people: ScheduledPeople,
    judge: ScheduleJudge,
    grants: Grants,
    now_us: int,
    *,
    batch_size: int,
    lookahead: int,
    max_concurrency: int,
) -> ScheduleForecast:
    """The end of a campaign that begins now."""
    plan, line = _Plan(people, judge, batch_size, lookahead), deque[Batch]()
    begin_us, end_us, requests = None, None, 0
    while True:
        while len(line) < max_concurrency and (batch := plan.next(now_us)) is not None:
            if kept := plan.still(batch, now_us):
                line.append(_part(batch, kept))
        if line:
            batch = line.popleft()
            now_us = grants.next_us(now_us)
            if plan.all_may(batch, now_us):
                grants.take(now_us)
                begin_us, end_us, requests = begin_us or now_us, now_us, requests + 1
            else:
                plan.put_back(batch)
        else:
            now_us = max(now_us, plan.opens_us)
            if not plan.sweep():
                return ScheduleForecast(begin_us, end_us, requests, plan.skipped)


def _part(batch: Batch, kept: list[int]) -> Batch:
    return batch if len(kept) == len(batch.indexes) else Batch(batch.message, [""] * len(kept), kept)
