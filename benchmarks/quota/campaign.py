"""Campaigns on virtual time, judged: ``python -m benchmarks.quota.campaign RIVAL SCENARIO COUNT ...``.

One rival in one process; each campaign has an event loop and limiters of its own. Prints one JSON object a campaign.
With the scenario ``picture``, prints the arrivals of three jobs of 200 requests, five minutes apart, instead.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.quota import virtual_time
from benchmarks.quota.judges import DOCUMENTED, best_us, most, verdict
from benchmarks.quota.rivals import RIVALS

if TYPE_CHECKING:
    from benchmarks.quota.rivals import Answered, Run

JOBS, JOB_SIZE, JOB_EVERY = 3, 200, 300.0


class Scenario(NamedTuple):
    """How long requests are under way: seconds there, seconds back, and the share of those that take 5 s in all.

    Such a slow one arrives at any moment of its five seconds.
    """

    title: str
    there: tuple[float, float]
    back: tuple[float, float]
    slow: float

    def draw(self, dice: random.Random) -> tuple[float, float]:
        """Seconds until a request arrives, and until its answer does."""
        if self.slow and dice.random() < self.slow:
            return dice.uniform(self.there[0], 5.0), 5.0
        there = dice.uniform(*self.there)
        return there, there + dice.uniform(*self.back)

    @property
    def spread(self) -> float:
        """The longest that one request may arrive later than another that left with it."""
        return 5.0 - self.there[0] if self.slow else self.there[1] - self.there[0]


SCENARIOS = {
    "none": Scenario("no latency", (0.0, 0.0), (0.0, 0.0), 0.0),
    "jitter": Scenario("20 to 500 ms each way", (0.02, 0.5), (0.02, 0.5), 0.0),
    "slow": Scenario("20 to 500 ms each way, but 5 s for one in fifty", (0.02, 0.5), (0.02, 0.5), 0.02),
    "second": Scenario("every answer after 1 s", (0.5, 0.5), (0.5, 0.5), 0.0),
}


class Network:
    """Takes requests that may leave, and notes when they arrive. Mutable state: all of it."""

    def __init__(self, scenario: Scenario) -> None:
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time()
        self.last = self.began
        self.arrivals: list[float] = []
        self._scenario = scenario
        self._dice = random.Random(1)
        self._answers: set[asyncio.Task[None]] = set()

    async def depart(self, answered: Answered | None) -> None:
        """Send a request; ``answered`` is awaited when its answer is there."""
        self.last = self.loop.time()
        arrive, answer = self._scenario.draw(self._dice)
        self.arrivals.append(self.last + arrive)
        if answered is not None and answer > 0:
            self.loop.call_later(answer, self._answer, answered)
        elif answered is not None:
            await answered()

    def _answer(self, answered: Answered) -> None:
        async def settle() -> None:
            await answered()

        task = self.loop.create_task(settle())
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)


async def campaign(run: Run, scenario: Scenario, count: int) -> dict[str, Any]:
    network = Network(scenario)
    await run(count, network.depart, scenario.spread)
    arrivals = sorted(round(at * 1e6) for at in network.arrivals)
    return {
        "count": count,
        "seconds": network.last - network.began,
        "best": best_us(count) / 1e6,
        "most": [most(arrivals, layer.window_us) for layer in DOCUMENTED],
        "refused": verdict(arrivals),
    }


async def picture(run: Run) -> list[float]:
    """When the requests of a few jobs arrive, in seconds since the first job was handed over."""
    network, requests = Network(SCENARIOS["jitter"]), JOBS * JOB_SIZE
    handed = asyncio.Semaphore(JOB_SIZE - 1)  # the first of them has not to wait for it

    async def depart(answered: Answered | None) -> None:
        await network.depart(answered)
        if len(network.arrivals) < requests:
            await handed.acquire()

    def job() -> None:
        for _ in range(JOB_SIZE):
            handed.release()

    for number in range(1, JOBS):
        network.loop.call_at(network.began + number * JOB_EVERY, job)
    await run(requests, depart, SCENARIOS["jitter"].spread)
    return sorted(at - network.began for at in network.arrivals)


def main(rival: str, scenario: str, counts: list[int]) -> None:
    virtual_time.CLOCK.take_over()
    run = RIVALS[rival].run
    if scenario == "picture":
        print(json.dumps(virtual_time.run(picture(run))))
    for count in counts:
        print(json.dumps(virtual_time.run(campaign(run, SCENARIOS[scenario], count))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], [int(each) for each in sys.argv[3:]])
