"""Standard output and error that outlive whoever reads them, and JSON for programs."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from typing import IO, Any, TextIO, cast, final

import msgspec
from rich.console import Console


@final
class SafeOutput(io.TextIOBase):
    """Writes through to ``file`` until that fails, as it does when ``head`` has read enough or the terminal is gone.

    From then on everything is swallowed, so that a send goes on when nobody looks at it any more. With ``record``, what
    is written is meant to be kept, and a failure of another kind, such as a full disk, is raised once.
    """

    def __init__(self, file: TextIO, *, record: bool = False) -> None:
        self._file = file
        self._record = record
        self._gone = False

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a property there as well
        """The encoding of the file, by which rich chooses its characters."""
        return self._file.encoding

    def isatty(self) -> bool:
        """Whether a person may be looking."""
        return self._file.isatty()

    def fileno(self) -> int:
        """The descriptor of the file, by which rich finds the width."""
        return self._file.fileno()

    def write(self, text: str) -> int:
        """Write ``text`` out, or swallow it."""
        if not self._gone:
            try:
                self._file.write(text)
                self._file.flush()
            except OSError as error:
                self._gone = True
                self._forget()
                if self._record and error.errno not in (errno.EPIPE, errno.EIO):
                    raise
        return len(text)

    def _forget(self) -> None:
        """Have Python, when it exits, write what is still buffered to nowhere."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._file.fileno())
        os.close(nowhere)


def safe_console(*, json: bool) -> Console:
    """A console that survives its reader: on standard output, or on standard error if that is for ``--json``."""
    return Console(file=cast("IO[str]", SafeOutput(sys.stderr if json else sys.stdout)))


def say_json(value: Any) -> None:
    """Write one line of JSON to standard output, for ``--json``. Raises ``OSError`` where it can't be kept."""
    SafeOutput(sys.stdout, record=True).write(as_json(value) + "\n")


def as_json(value: Any) -> str:
    """One line of JSON, in ASCII where a text holds what no encoding can carry."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value))
