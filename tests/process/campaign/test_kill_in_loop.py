"""The real program against the sandbox, killed (SIGKILL) at every step of the loop and at random moments.

The promise: no second request ever contains a recipient of the campaign unless the first was proven not accepted or a
named person said so; every recipient ends in a recorded state; what can't be proven is listed as unknown, at most
requests in flight times batch size per crash.
"""

from __future__ import annotations

import pytest

from support.killing import BOUND, KILLED, Killing, finish, steps

PEOPLE = 9_000
PARTS = 3


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_step_of_the_loop(killing: Killing, part: int) -> None:
    """Every step has its turn in one of the parts, which may run at the same time."""
    numbered = steps(killing, "loop")
    assert len(numbered) > 100
    numbered = numbered[part::PARTS]
    people = PEOPLE // PARTS
    killing.begin(people)
    unknown, late = 0, []
    for step in numbered:
        enough = len(killing.sandbox.texts) + 3 * BOUND  # so that a step which comes at the end only leaves the rest
        if killing.run("--max-recipients", str(enough), step=step) != KILLED:
            late.append(step)
        before, unknown = unknown, killing.counts()["unknown"]
        assert unknown - before <= BOUND, step
        assert killing.sandbox.duplicates() == ()
    missed = [step for step in late if killing.run(step=step) != KILLED]
    assert len(missed) <= 0.05 * len(numbered), missed
    finish(killing, people)
