"""Drives the command as a process: over pipes, and in a pseudo-terminal of a chosen width."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from support.command_host import shared_host
from support.places import PACKAGE
from support.platforms import WINDOWS

if not WINDOWS:
    import fcntl
    import termios

if TYPE_CHECKING:
    from collections.abc import Callable

KEY: Final = "cspro_a_key_that_must_never_show"
COMMAND: Final = (str(Path(sys.executable).with_name("customersms")),)
PATIENCE: Final = 60.0
"""Seconds until a test gives up: far above what anything here takes."""

_SOURCES: Final = PACKAGE.parent
_COLOUR: Final = ("FORCE_COLOR", "PY_COLORS", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "GITHUB_ACTIONS")
_AT_THE_START: Final = ("PYTHON", "LC_", "LANG")
"""What the interpreter looks at when it starts, and a forked one does not look at again."""

_ESCAPE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_])")


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """This process's, without what would change the command, its state in ``folder``, and with ``changes``."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("CUSTOMERSMS_", "PYTHONIO"))}
    for name in (*_COLOUR, "NO_COLOR", "LINES", "COLUMNS"):
        ours.pop(name, None)
    return {**ours, "PYTHONPATH": str(_SOURCES), "TERM": "xterm-256color", **_state(folder), **changes}


def _state(folder: Path) -> dict[str, str]:
    """Where the state of a user is kept, by platform."""
    return {"HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}


def until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait for a condition of the world outside this process."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it did not come to pass")
        time.sleep(0.02)


def plain(text: str) -> str:
    """The same without the terminal's escape sequences."""
    return _ESCAPE.sub("", text)


class Ended(NamedTuple):
    """How a command ended: its exit status, and all that it wrote."""

    status: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Both outputs as one line, without the boxes and line ends that the width puts into them."""
        return " ".join(re.sub(r"[│╭╮╰╯─┃]", " ", plain(self.out + " " + self.err)).split())


class Terminal:
    """A command whose input, output and errors are a pseudo-terminal; ``out`` given, its output goes there instead."""

    def __init__(
        self, arguments: tuple[str, ...], folder: Path, columns: int, out: IO[bytes] | None, **changes: str
    ) -> None:
        self.columns = columns
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            arguments,
            cwd=folder,
            env=environment(folder, **changes),
            stdin=theirs,
            stdout=theirs if out is None else out,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._data = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def raw(self) -> str:
        """All that was written so far."""
        return bytes(self._data).decode(errors="replace")

    @property
    def shown(self) -> str:
        """The same without escape sequences."""
        return plain(self.raw)

    @property
    def lines(self) -> list[str]:
        """All lines that were ever drawn, those that were drawn over included."""
        return re.split(r"[\r\n]+", self.shown)

    def wait_for(self, pattern: str, patience: float = PATIENCE) -> None:
        until(lambda: re.search(pattern, self.shown), patience)

    def wait_for_its_reading(self) -> None:
        """Wait until it sleeps, which it does to read what is typed, as far as the system tells.

        Python notices no signal that comes after ``input`` has shown its question and before it begins to read: 37 of
        300 were lost on a busy machine.
        """
        state = Path(f"/proc/{self.process.pid}/stat")
        looks: deque[str] = deque(maxlen=5)  # one after the other, as a lock may be what it waits for

        def sleeps() -> bool:
            looks.append(state.read_text().rpartition(") ")[2][0])
            return looks.count("S") == looks.maxlen

        if state.exists():
            until(sleeps)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def end(self, patience: float = PATIENCE) -> int:
        """Wait for the end, and give the exit status."""
        status = self.process.wait(patience)
        self._reader.join(patience)
        return status

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE)
        os.close(self._ours)

    def _read(self) -> None:
        try:
            while data := os.read(self._ours, 65_536):
                self._data += data
        except OSError as error:
            if error.errno != errno.EIO:  # what Linux says once the other side is closed
                raise


class Hold:
    """A schedule for a gateway: it stands still, with the thread that it is served in, as a request begins.

    ``begun`` once the request of this number has; nothing is answered any more before ``goes_on``.
    """

    def __init__(self, number: int) -> None:
        self.begun = threading.Event()
        self.goes_on = threading.Event()
        self._number = number

    def __call__(self, number: int) -> None:
        if number == self._number:
            self.begun.set()
            self.goes_on.wait(PATIENCE)


class Commands:
    """Starts commands in a folder, and ends those that are left over."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._left = contextlib.ExitStack()

    def __call__(self, *arguments: str | bytes, typed: str = "", **changes: str) -> Ended:
        """Run ``customersms`` to its end, with ``typed`` on its standard input."""
        if any(name.startswith(_AT_THE_START) for name in changes):
            process = self.start(*arguments, **changes)
            return Ended(0, *process.communicate(typed, PATIENCE))._replace(status=process.returncode)
        with tempfile.TemporaryDirectory() as streams:
            given, out, err = (Path(streams, name) for name in ("in", "out", "err"))
            given.write_text(typed, encoding="utf-8")
            there, words = environment(self.folder, **changes), [os.fsdecode(each) for each in arguments]
            status = shared_host().run(self.folder, there, words, streams=(str(given), str(out), str(err)))
            return Ended(status, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))

    def start(self, *arguments: str | bytes, **changes: str) -> subprocess.Popen[str]:
        """Begin to run it; its standard input is a pipe."""
        return self.start_as(COMMAND, *arguments, **changes)

    def start_as(self, command: tuple[str, ...], *arguments: str | bytes, **changes: str) -> subprocess.Popen[str]:
        """Begin to run another command in its place."""
        process = subprocess.Popen(  # noqa: S603 - our own command
            (*command, *arguments),
            cwd=self.folder,
            env=environment(self.folder, **changes),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._left.callback(_end, process)
        return process

    def in_terminal(self, *arguments: str, **changes: str) -> Terminal:
        """Begin to run it in a terminal of 80 columns."""
        return self.in_terminal_of(80, None, *arguments, **changes)

    def in_terminal_of(self, columns: int, out: IO[bytes] | None, *arguments: str, **changes: str) -> Terminal:
        """The same with so many columns, and with its output elsewhere if ``out`` is given."""
        terminal = Terminal((*COMMAND, *arguments), self.folder, columns, out, **changes)
        self._left.callback(terminal.close)
        return terminal

    def write(self, name: str, text: str) -> str:
        """Make a file in the folder, and give its name."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def people(self, count: int, name: str = "people.csv") -> str:
        """Make a file of so many made-up people."""
        rows = (f"+1212555{number:04},Person {number}\n" for number in range(count))
        return self.write(name, "phone,name\n" + "".join(rows))

    def close(self) -> None:
        self._left.close()


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.kill()
    with process:
        pass
