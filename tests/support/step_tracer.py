"""Steps of a process to be killed at: the lines of the campaign's own code and of the attempt.

They are counted by Python's tracing, so that the package needs no seam for it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.places import PACKAGE

if TYPE_CHECKING:
    from types import CodeType, FrameType

TRACED = {
    str(PACKAGE / name)
    for name in (
        "_sending/attempt.py",
        "_sending/cap_counting.py",
        "_sending/checked_delivery.py",
        "_sending/checks.py",
        "_sending/deliveries.py",
        "_sending/request.py",
        "_runtime/file_locks.py",
        "_runtime/new_files.py",
        "campaign/_sqlite/input_writer.py",
        "campaign/_sqlite/later_additions.py",
        "campaign/_sqlite/fitted_addition.py",
        "campaign/ledger_input.py",
        "campaign/move.py",
        "campaign/_postgres/copying.py",
        "campaign/_postgres/move_rows.py",
        "campaign/_postgres/packing.py",
        "campaign/_postgres/move_target.py",
        "campaign/_sqlite/move_rows.py",
        "campaign/_sqlite/packing.py",
        "campaign/_sqlite/move_target.py",
        "campaign/campaign.py",
        "campaign/deciding_methods.py",
        "campaign/_sqlite/copy_check.py",
        "campaign/_sqlite/file.py",
        "campaign/_sqlite/handle.py",
        "campaign/_sqlite/ledger.py",
        "campaign/_sqlite/late_answers.py",
        "campaign/_sqlite/lock.py",
        "campaign/_sqlite/transitions.py",
        "campaign/_sqlite/opening.py",
        "campaign/_sqlite/questions.py",
        "campaign/plan.py",
        "campaign/preparation.py",
        "campaign/recorder.py",
        "campaign/run_guards.py",
        "campaign/run_record.py",
        "campaign/runner.py",
        "campaign/wanted.py",
        "campaign/_sqlite/wanted_rows.py",
        "campaign/_sqlite/wal_check.py",
    )
}


class Tracer:
    """Kills this process as it comes to step ``step`` for the ``visit``-th time; writes the steps to ``log``."""

    def __init__(self, step: str | None, visit: int, log: str | None) -> None:
        self._step = step
        self._left = visit
        self._log = None if log is None else Path(log).open("w", encoding="utf-8")  # noqa: SIM115 - dies with us
        self._seen: set[str] = set()
        self._names: dict[CodeType, str | None] = {}

    def begin(self) -> None:
        threading.settrace(self.called)
        sys.settrace(self.called)

    def called(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        name = self._names.get(frame.f_code, "")
        if name == "":
            path = frame.f_code.co_filename
            name = self._names[frame.f_code] = Path(path).name if path in TRACED else None
        if name is None or (self._step is not None and not self._step.startswith(name)):
            return None
        return self.stepped

    def stepped(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            step = f"{self._names[frame.f_code]}:{frame.f_code.co_name}:{frame.f_lineno}"
            if self._log is not None and step not in self._seen:
                self._seen.add(step)
                self._log.write(step + "\n")
                self._log.flush()
            if step == self._step:
                self._left -= 1
                if self._left <= 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        return self.stepped
