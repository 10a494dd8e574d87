"""``OutcomeQueue.flows``: who just takes the first outcome while it says so does all that ``take`` would do."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._sending.outcome_queue import OutcomeQueue
from customersms_async.models import Outcome, Status

LOOKAHEAD = 4


class Loop:
    """An event loop in which no turn ever comes."""

    def is_closed(self) -> bool:
        return False

    def call_soon(self, callback: Any) -> None:
        """Never call it."""


class Deliveries:
    def __init__(self) -> None:
        self.stop_code: str | None = None

    def hold_back(self) -> None:
        """Nothing is on its way."""

    def resume(self) -> None:
        """Nothing is on its way."""


class Source:
    """A bulk send that counts how often it was told to go on; ``flowing`` says how its outcomes are taken."""

    error = None
    over = False

    def __init__(self, *, flowing: bool) -> None:
        self.deliveries: Any = Deliveries()
        self.flowing = flowing
        self.went_on = 0
        self.queue = OutcomeQueue(Loop(), self, Any, LOOKAHEAD)  # type: ignore[arg-type]  # nothing is logged

    def go_on(self) -> None:
        self.went_on += 1
        self.queue.tell()

    def stop(self) -> None:
        self.deliveries.stop_code = "STOPPED"
        self.go_on()

    def do(self, step: int | str) -> object:
        if step == "take":
            if not self.queue.outcomes:
                return None
            return self.queue.outcomes.popleft() if self.flowing and self.queue.flows else self.queue.take()
        if isinstance(step, int):
            self.queue.put([Outcome(at, "+12125551234", Status.ACCEPTED, "m1") for at in range(step)])
            return None
        return {"hold back": self.queue.hold_back, "go on": self.queue.go_on, "stop": self.stop}[step]()


steps = st.sampled_from([1, 3, 5, "take", "take", "take", "take", "hold back", "go on", "stop"])


@given(st.lists(steps, max_size=30))
@example([5, "take", "take", 3, "take", "take"])
@example([3, "hold back", "take", "go on", "take", "stop", "take"])
def test_where_outcomes_flow_the_first_may_just_be_taken(several: list[int | str]) -> None:
    flowing, careful = Source(flowing=True), Source(flowing=False)
    for step in several:
        assert flowing.do(step) == careful.do(step)
        assert flowing.went_on == careful.went_on
        queue = flowing.queue
        assert not (queue.flows and (queue.held or queue.is_full or flowing.deliveries.stop_code is not None))


def test_outcomes_flow_again_once_there_is_room_and_nobody_holds_them_back() -> None:
    source = Source(flowing=True)
    expected: list[tuple[int | str, bool]] = [(5, False), ("take", False), ("take", True)]
    for step, flows in [*expected, ("hold back", False), ("go on", True)]:
        source.do(step)
        assert source.queue.flows is flows
