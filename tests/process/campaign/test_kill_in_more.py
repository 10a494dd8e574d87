"""The real program, killed (SIGKILL) at every step in which it adds more people to a ledger: all of them, or nobody."""

from __future__ import annotations

import pytest

from support.killing import KILLED, Killing, steps

PARTS = 2


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_step_of_adding_more_and_given_again(killing: Killing, part: int) -> None:
    numbered = steps(killing, "more")
    assert len(numbered) > 40
    killing.begin(200)
    people = range(150, 250)
    for step in numbered[part::PARTS]:
        assert killing.add(people, step=step) == KILLED, step
        counts = killing.counts()
        assert (counts["planned"], counts["skipped"]) in ((200, 0), (250, 50)), step
        if counts["skipped"]:  # it was killed once all was there: then the next one needs another ledger
            killing.ledger.unlink()
            killing.begin(200)
    assert killing.add(people) == 0
    assert killing.add(people) == 0, "the same again adds nobody"
    assert killing.counts()["planned"] == 250
    assert killing.run() == 0
    assert len(killing.sandbox.texts) == 250
    assert killing.sandbox.duplicates() == ()
