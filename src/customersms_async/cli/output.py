"""Standard output and error that outlive whoever reads them."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import IO, TextIO, cast, final

from rich.console import Console


@final
class Outlet(io.TextIOBase):
    """Writes through to ``file`` until that fails, as it does when ``head`` has read enough or the terminal is gone.

    From then on everything is swallowed: a send is not ended by nobody's looking at it. With ``record``, what is
    written is meant to be kept, and a failure of another kind, such as a full disk, is raised once.
    """

    def __init__(self, file: TextIO, *, record: bool = False) -> None:
        self._file = file
        self._record = record
        self._gone = False

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a property there as well
        """The file's own, by which rich chooses its characters."""
        return self._file.encoding

    def isatty(self) -> bool:
        """Whether a person may be looking."""
        return self._file.isatty()

    def fileno(self) -> int:
        """The file's own, by which rich finds the width."""
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
        """Let what is still buffered go nowhere when Python exits."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._file.fileno())
        os.close(nowhere)


def say(line: str) -> None:
    """Write one line to standard output, as ``--json`` has it. Raises ``OSError`` where it can't be kept."""
    Outlet(sys.stdout, record=True).write(line + "\n")


def console_on(file: TextIO) -> Console:
    """A console that survives its reader."""
    return Console(file=cast("IO[str]", Outlet(file)))
