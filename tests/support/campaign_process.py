"""The real command in forked processes that die by SIGKILL, at a chosen step or after a chosen time.

A process of its own, without threads, that has imported everything, also what the command imports on its way: forking
it costs milliseconds. It reads one order a line from standard input and answers each with one line. Steps are the lines
of the campaign's own code and of the attempt, counted by Python's tracing, so that the package needs no seam for it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

import customersms_async
import customersms_async.cli.campaign.app  # all that a run needs, before it is forked
from customersms_async.cli import main
from customersms_async.cli.campaign import run as campaign_run

if TYPE_CHECKING:
    from types import CodeType, FrameType

PACKAGE = Path(customersms_async.__file__).parent
TRACED = {
    str(PACKAGE / name)
    for name in (
        "_sending/attempt.py",
        "_sending/deliveries.py",
        "_sending/request.py",
        "campaign/adding.py",
        "campaign/copies.py",
        "campaign/file.py",
        "campaign/handle.py",
        "campaign/ledger.py",
        "campaign/lock.py",
        "campaign/transitions.py",
        "campaign/opening.py",
        "campaign/plan.py",
        "campaign/preparation.py",
        "campaign/recorder.py",
        "campaign/runner.py",
        "campaign/whole.py",
    )
}


WHEN_IT_SENDS = ("httpcore", "anyio._backends._asyncio", "concurrent.futures.thread", "encodings.ascii", "sniffio")
"""What is imported by the first request only."""


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


def trace(tracer: Tracer) -> None:
    """Have ``tracer`` look on from where the command begins to work, as it makes every call slower."""
    work = campaign_run.run_campaign

    def traced(*arguments: Any, **options: Any) -> Any:
        tracer.begin()
        return work(*arguments, **options)

    vars(campaign_run)["run_campaign"] = traced


def child(order: dict[str, Any]) -> None:
    """Be the command that an order describes, and end with its exit status."""
    status = 70
    try:
        os.chdir(order["folder"])
        os.environ.update(order["environment"])
        for number in (0, 1, 2):
            os.dup2(os.open("out.txt" if number else os.devnull, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), number)
        if order.get("step") or order.get("log"):
            trace(Tracer(order.get("step"), order.get("visit", 1), order.get("log")))
        sys.argv = ["customersms", *order["arguments"]]
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        if (path := order.get("modules")) is not None:
            Path(path).write_text(" ".join(sys.modules), encoding="utf-8")
        os._exit(status)


def import_what_it_imports() -> None:
    """Have a child fail to find a ledger, and import what it imported: half of the time of a command was this."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/modules"
        order = {"folder": folder, "environment": {}, "arguments": ["campaign", "run", "--ledger", "x"]}
        if (pid := os.fork()) == 0:
            child({**order, "modules": path})
        os.waitpid(pid, 0)
        for name in (*WHEN_IT_SENDS, *Path(path).read_text(encoding="utf-8").split()):
            if name not in sys.modules:
                importlib.import_module(name)


def serve() -> None:
    """Answer orders until the input ends."""
    context = httpx.create_ssl_context()  # the dearest part of a start, made once for all
    vars(httpx)["create_ssl_context"] = lambda: context
    import_what_it_imports()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(order)
        if order.get("seconds") is not None:
            time.sleep(order["seconds"])
            os.kill(pid, signal.SIGKILL)  # not waited for yet, so the number is still its own
        _, result = os.waitpid(pid, 0)
        sys.stdout.write(json.dumps(os.waitstatus_to_exitcode(result)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
