"""The real program against the sandbox, killed (SIGKILL) at random moments."""

from __future__ import annotations

import os
import random

from support.killing import BOUND, TORTURE, Killing, finish

PEOPLE = 12_000
RANDOM_KILLS = int(os.environ.get("TORTURE", "20"))


def test_killed_at_random_moments(killing: Killing) -> None:
    people = PEOPLE * (2 if TORTURE else 1)
    killing.begin(people)
    dice = random.Random(2)
    unknown = 0
    for _ in range(RANDOM_KILLS):
        killing.run(seconds=dice.uniform(0.05, 0.5))
        before, unknown = unknown, killing.counts()["unknown"]
        assert unknown - before <= BOUND
        assert killing.sandbox.duplicates() == ()
    finish(killing, people)
