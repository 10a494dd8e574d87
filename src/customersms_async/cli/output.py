"""Standard output and error that do nothing but show, and outlive whoever reads them, and JSON for programs."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import re
import sys
from typing import IO, TYPE_CHECKING, Any, Final, TextIO, cast, final

import msgspec
from rich.console import Console
from rich.measure import Measurement
from rich.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType
    from rich.table import Table


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
                    raise OSError(error.errno, error.strerror, "standard output") from None
        return len(text)

    def _forget(self) -> None:
        """Have Python, when it exits, write what is still buffered to nowhere."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._file.fileno())
        os.close(nowhere)


@final
class SafeConsole(Console):
    """A console that shows what it is given and does nothing that a text says: the one door to a terminal.

    No markup is read from a text, and no character in it moves the cursor or turns the line around; what rich itself
    sends to the terminal does.
    """

    def __init__(self, file: TextIO, *, soft_wrap: bool = False) -> None:
        super().__init__(file=cast("IO[str]", SafeOutput(file)), markup=False, emoji=False, soft_wrap=soft_wrap)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is drawn, in pieces."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else Segment(visible(piece.text), piece.style)


class SafeFormatter(logging.Formatter):
    """Lines of the log, without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, or lines if there is a traceback."""
        return visible(super().format(record))


def safe_console(*, json: bool) -> SafeConsole:
    """A console that survives its reader: on standard output, or on standard error if that is for ``--json``."""
    return SafeConsole(sys.stderr if json else sys.stdout)


def show_table(console: Console, table: Table) -> None:
    """Show a table whose ``no_wrap`` columns, which people copy from, are whole, however narrow the terminal is.

    Where they don't fit, the table is wider than the terminal, which breaks its lines.
    """
    widths = [
        whole if column.no_wrap else min(whole, _NARROWEST)
        for column in table.columns
        for whole in [max(_width(console, cell) for cell in (column.header, *column.cells))]
    ]
    needed = sum(widths) + 3 * len(widths) + 1
    if needed > console.width:
        table.width = needed
    console.print(table, crop=False)


_NARROWEST: Final = 12
"""Characters to which a column is narrowed that may have several lines, before the table is wider than the terminal."""

_WIDEST: Final = 100_000


def _width(console: Console, cell: RenderableType) -> int:
    return Measurement.get(console, console.options.update_width(_WIDEST), cell).maximum


_INVISIBLE: Final = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What does something to a terminal, or to the order of what is read there: all but line ends."""

_INVISIBLE_IN_JSON: Final = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""A text whose control characters are written out, line ends aside: ``\x1b`` for ESC."""
    return _INVISIBLE.sub(lambda found: ascii(found[0])[1:-1], text.replace("\r\n", "\n"))


def say_json(value: Any) -> None:
    """Write one line of JSON to standard output, for ``--json``. Raises ``OSError`` where it can't be kept."""
    SafeOutput(sys.stdout, record=True).write(as_json(value) + "\n")


def as_json(value: Any) -> str:
    """One line of JSON, in ASCII where a text holds what no encoding can carry; a terminal can show it."""
    try:
        text = msgspec.json.encode(value).decode()
        return _INVISIBLE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value))
