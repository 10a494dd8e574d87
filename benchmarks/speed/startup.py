"""Starting: ``python -m benchmarks.speed.startup ours|client|dependencies|help`` prints CPU milliseconds, as JSON."""

from __future__ import annotations

import importlib
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

DEPENDENCIES = ("httpx", "anyio", "aiolimiter", "msgspec")
WHAT = {"ours": ("customersms_async",), "client": ("customersms_async.client",), "dependencies": DEPENDENCIES}


def imported(names: tuple[str, ...]) -> float:
    began = time.process_time()
    for name in names:
        importlib.import_module(name)
    return time.process_time() - began


def printed_help() -> float:
    """The whole process, Python's own start included."""
    program = str(Path(sys.executable).with_name("customersms"))
    subprocess.run([program, "--help"], check=True, capture_output=True)  # noqa: S603
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    what = sys.argv[1]
    print(json.dumps((printed_help() if what == "help" else imported(WHAT[what])) * 1e3))
