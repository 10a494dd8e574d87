"""The real command in forked processes, which may die by SIGKILL, at a chosen step or after a chosen time.

A process of its own, without threads, that has imported everything, also what the command imports on its way: forking
it costs milliseconds, and starting Python for a command half a second. It reads one order a line from standard input
(see ``command_host``) and answers each with one line.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer.main

import customersms_async.cli.app
import customersms_async.cli.campaign.app
from customersms_async.cli import main
from customersms_async.cli.campaign import add as campaign_add
from customersms_async.cli.campaign import move as campaign_move
from customersms_async.cli.campaign import pause_resume_stop as campaign_want
from customersms_async.cli.campaign import run as campaign_run
from support.forked import end_if_it_hangs
from support.step_tracer import Tracer

if TYPE_CHECKING:
    from collections.abc import Callable

PREPARED = (
    ("campaign", "run", "--ledger", "ledger", "people.csv", "--message", "Hi", "--yes", "--sandbox"),
    ("campaign", "status", "--ledger", "ledger"),
    ("campaign", "export", "--ledger", "ledger", "--format", "csv"),
    ("campaign", "report", "--ledger", "ledger", "--output", "report.html"),
    ("campaign", "resolve", "--ledger", "ledger", "--phones", "people.csv", "--as", "accepted", "--by", "Ann"),
    ("send", "--file", "people.csv", "--message", "Hi", "--sandbox", "--output", "results.csv"),
    ("estimate", "--file", "people.csv", "--message", "Hi"),
    ("quota",),
)
"""What is run once beforehand, for what it imports on its way."""


def traced(tracer: Tracer, work: Callable[..., Any]) -> Callable[..., Any]:
    def begun(*arguments: Any, **options: Any) -> Any:
        tracer.begin()
        return work(*arguments, **options)

    return begun


def trace(tracer: Tracer) -> None:
    """Have ``tracer`` look on from where the command begins to work, as it makes every call slower."""
    places = (
        *((campaign_run, "run_campaign"), (campaign_want, "want"), (campaign_move, "move_campaign")),
        (campaign_add, "_add"),
    )
    for module, name in places:
        vars(module)[name] = traced(tracer, vars(module)[name])


def become(order: dict[str, Any]) -> None:
    """Be the command that an order describes, to its end."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    random.seed()
    for number, name in enumerate(("in", "out", "err")):
        os.dup2(os.open(order[name], os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), number)
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115 - as at a start
    sys.stderr = open(2, "w", closefd=False, errors="backslashreplace", buffering=1)  # noqa: SIM115
    if order.get("step") or order.get("log"):
        trace(Tracer(order.get("step"), order.get("visit", 1), order.get("log")))
    sys.argv = ["customersms", *order["arguments"]]
    try:
        main()
    finally:
        if (path := order.get("modules")) is not None:
            Path(path).write_text(" ".join(sys.modules), encoding="utf-8")


def end(status: int) -> NoReturn:
    """End as the interpreter does, but for taking apart what was imported: that is two thirds of a command's time.

    Threads are waited for, and what is to be called at the end is called. Only for tests that read no errors: what is
    said of things that are still held as modules are taken apart is not said.
    """
    ending: Any = threading
    ending._shutdown()
    atexit._run_exitfuncs()
    gc.collect()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(status)  # the interpreter says what it says of an output that can't be written
    os._exit(status)


def import_what_it_imports() -> None:
    """Run commands in children, and import what they imported: half of the time of a command was this."""
    for name in ("customersms_async.campaign._postgres.move_target", "psycopg"):
        with contextlib.suppress(ImportError):  # where there is no libpq
            importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "people.csv").write_text("phone\n+12125551234\n", encoding="utf-8")
        ours = {**os.environ, "HOME": folder, "XDG_STATE_HOME": folder, "CUSTOMERSMS_API_KEY": "cspro_made_up"}
        streams = {"in": os.devnull, "out": os.devnull, "err": os.devnull}
        for arguments in PREPARED:
            order = {"folder": folder, "environment": ours, **streams, "arguments": arguments}
            if (pid := os.fork()) == 0:
                try:
                    become({**order, "modules": f"{folder}/modules"})
                finally:
                    os._exit(0)
            os.waitpid(pid, 0)
            for name in Path(folder, "modules").read_text(encoding="utf-8").split():
                if name not in sys.modules:
                    importlib.import_module(name)


def put_the_command_together() -> None:
    """Have typer make its commands once, and not in each fork: of signatures, in a third of a command's time."""
    vars(typer.main).update(get_command=cache(typer.main.get_command), get_group=cache(typer.main.get_group))
    for each in (customersms_async.cli.app.app, customersms_async.cli.campaign.app.app):
        for command in typer.main.get_group(each).commands.values():
            for parameter in command.params:
                getattr(parameter, "get_runtime_param", bool)()  # older versions make nothing of it


def serve() -> None:
    """Answer orders until the input ends."""
    import_what_it_imports()
    put_the_command_together()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            end_if_it_hangs()
            try:
                become(order)
            except SystemExit as ended:
                if not order.get("hurried") or not isinstance(ended.code, int | None):
                    raise
                end(ended.code or 0)
            sys.exit()
        if order.get("seconds") is not None:
            time.sleep(order["seconds"])
            os.kill(pid, signal.SIGKILL)  # not waited for yet, so the number is still its own
        _, result = os.waitpid(pid, 0)
        sys.stdout.write(json.dumps(os.waitstatus_to_exitcode(result)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
