"""Under load: one outcome for every text, none sent twice, flat memory, nothing left over, a free event loop.

The small form of ``benchmarks/soak/load.py``, which runs here in a process of its own, its gateway in another.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from support.places import ROOT
from support.platforms import needs_proc

pytestmark = needs_proc

SENDS, RECIPIENTS = 500, 50_000


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """What the load came to."""
    command = [sys.executable, "-m", "benchmarks.soak.load", "--sends", str(SENDS), "--recipients", str(RECIPIENTS)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)  # noqa: S603 - our own
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


@pytest.mark.parametrize(("load", "texts"), [("send", SENDS), ("stream", RECIPIENTS)])
def test_every_text_has_one_outcome_and_none_is_sent_twice(report: dict[str, Any], load: str, texts: int) -> None:
    outcomes, gateway = report[load]["outcomes"], report[load]["gateway"]
    assert sum(outcomes.values()) == texts
    assert gateway["twice"] == 0
    unknown = outcomes.get("unknown", 0) + outcomes.get("OutcomeUnknownError", 0)
    assert outcomes["accepted"] <= gateway["texts"] <= outcomes["accepted"] + unknown
    assert outcomes["accepted"] >= 0.95 * texts


@pytest.mark.parametrize("load", ["send", "stream"])
def test_nothing_is_left_over(report: dict[str, Any], load: str) -> None:
    assert report[load]["tasks_left"] == 0
    assert report[load]["sockets_left"] == 0


def test_memory_does_not_grow_with_the_recipients(report: dict[str, Any]) -> None:
    memory = report["stream"]["memory_mb"]
    assert max(memory) - memory[1] < 4


@pytest.mark.parametrize("load", ["send", "stream"])
def test_the_event_loop_is_never_kept_for_long(report: dict[str, Any], load: str) -> None:
    """By this code, in CPU time: how fast the machine is and who else uses it are not measured here."""
    assert report[load]["of_our_own_ms"] < 50
