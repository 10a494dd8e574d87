"""A process that has imported the command, and forks itself for each order: see ``command_process``."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from support.places import PACKAGE, TESTS
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class CommandHost:
    """Runs commands to their end, one after the other."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.command_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), str(TESTS)])},
        )

    def run(
        self,
        folder: Path,
        environment: Mapping[str, str],
        arguments: Sequence[str],
        *,
        streams: tuple[str, str, str] = (os.devnull, "out.txt", "out.txt"),
        **more: Any,
    ) -> int:
        """Run ``customersms``; gives its exit status, or less than 0 for the signal that ended it.

        ``streams`` are the files for its standard input, output and errors, which it appends to. ``more`` may hold a
        ``step`` to be killed at, and which ``visit`` of it; ``seconds`` to be killed after; a ``log`` for the steps;
        ``hurried`` if Python need not be taken apart in the end.
        """
        names = dict(zip(("in", "out", "err"), streams, strict=True))
        order = {"folder": str(folder), "environment": dict(environment), "arguments": arguments, **names, **more}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._one_at_a_time:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def close(self) -> None:
        """Let it end, as its input does."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.communicate(timeout=PATIENCE)


def shared_host() -> CommandHost:
    """The host of this test process, also for its threads; it ends with it."""
    with _MAKING:
        return _host()


_MAKING: Final = threading.Lock()


@cache
def _host() -> CommandHost:
    host = CommandHost()
    atexit.register(host.close)
    return host
