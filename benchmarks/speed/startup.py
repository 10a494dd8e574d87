"""Starting: ``python -m benchmarks.speed.startup WHAT`` prints the CPU milliseconds of one of ``STARTS``, as JSON."""

from __future__ import annotations

import importlib
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

DEPENDENCIES = ("httpx", "anyio", "aiolimiter", "msgspec")
COMMANDS = {
    "help": [str(Path(sys.executable).with_name("customersms")), "--help"],
    "typer": [sys.executable, "-c", "import typer, rich"],
}
WHAT = {"ours": ("customersms_async",), "client": ("customersms_async.client",), "dependencies": DEPENDENCIES}
STARTS = (*WHAT, *COMMANDS)


def imported(names: tuple[str, ...]) -> float:
    began = time.process_time()
    for name in names:
        importlib.import_module(name)
    return time.process_time() - began


def whole(command: list[str]) -> float:
    """Of a process, Python's own start included."""
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - one of the commands below
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    what = sys.argv[1]
    print(json.dumps((whole(COMMANDS[what]) if what in COMMANDS else imported(WHAT[what])) * 1e3))
