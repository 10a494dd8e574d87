"""The real program, killed (SIGKILL) at every step in which it puts people into a ledger: all are in it, or none."""

from __future__ import annotations

import pytest

from support.killing import INPUT, KILLED, Killing, steps

PARTS = 2


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_step_of_the_adding(killing: Killing, part: int) -> None:
    numbered = steps(killing, "adding")
    assert len(numbered) > 40
    killing.people(1_100)
    for step in numbered[part::PARTS]:
        assert killing.run(*INPUT, "--max-recipients", "0", step=step) == KILLED, step
        if killing.ledger.exists():
            assert sum(killing.counts().values()) in (0, 1_100), "the ledger holds the whole input or none of it"
            killing.ledger.unlink()
    assert killing.sandbox.requests == 0
    assert [path.name for path in killing.folder.glob("ledger-*")] == []
