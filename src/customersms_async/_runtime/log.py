"""The package's log, which no handler, filter or formatter of the program's can make fail.

What is logged was done: a text is out, an answer came. So an error of the program's own log is never an error of the
send. The line then goes to standard error, as lines do for which there is no handler at all.

What concerns one key is logged by its ``KeyLog``: the line names the key, and the record has fields (``extra``).

``CUSTOMERSMS_LOG=debug`` in the environment shows the lines on standard error without further set-up. It is looked at
once, when this module is imported: what a program sets later for the logger counts from then on.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE: Final = "CUSTOMERSMS_LOG"
"""The variable that names a level."""

LEVELS: Final = ("debug", "info", "warning", "error")

_logger: Final = logging.getLogger("customersms_async")


def warning(message: str, *arguments: object) -> None:
    """Log a message that somebody should look at."""
    _log(logging.WARNING, message, arguments)


def info(message: str, *arguments: object) -> None:
    """Log a message that somebody may look for."""
    _log(logging.INFO, message, arguments)


def debug(message: str, *arguments: object) -> None:
    """Log a message that hardly anybody looks for."""
    _log(logging.DEBUG, message, arguments)


def shows_debug() -> bool:
    """Whether a line at DEBUG would go anywhere."""
    return _logger.isEnabledFor(logging.DEBUG)


@final
class KeyLog:
    """Lines about what is done with one key: each ends with its name, and its record has fields of its own.

    ``event`` says what it is about, as ``sms_event`` does in the record, which has ``sms_key`` and ``sms_`` with each
    further field, too. Mutable state: the name, which another client of the same key may give it.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name: str = name

    def warning(self, event: str, message: str, *arguments: object, **fields: object) -> None:
        """Log a message that somebody should look at."""
        _log(logging.WARNING, f"{message} (key %s)", (*arguments, self.name), self._extra(event, fields))

    def info(self, event: str, message: str, *arguments: object, **fields: object) -> None:
        """Log a message that somebody may look for."""
        _log(logging.INFO, f"{message} (key %s)", (*arguments, self.name), self._extra(event, fields))

    def debug(self, event: str, message: str, *arguments: object, **fields: object) -> None:
        """Log a message that hardly anybody looks for."""
        _log(logging.DEBUG, f"{message} (key %s)", (*arguments, self.name), self._extra(event, fields))

    def _extra(self, event: str, fields: dict[str, object]) -> dict[str, object]:
        return {"sms_event": event, "sms_key": self.name, **{f"sms_{name}": value for name, value in fields.items()}}


def _log(level: int, message: str, arguments: tuple[object, ...], extra: dict[str, object] | None = None) -> None:
    if not guarded(_write, level, message, arguments, extra):
        record = _logger.makeRecord(_logger.name, level, "", 0, message, arguments, None)
        if logging.lastResort is not None and level >= logging.lastResort.level:
            guarded(logging.lastResort.handle, record)


def _write(level: int, message: str, arguments: tuple[object, ...], extra: dict[str, object] | None) -> None:
    _logger.log(level, message, *arguments, stacklevel=5, extra=extra)


def guarded(call: Callable[..., object], *arguments: Any) -> bool:
    """Call a function of the program's that must not change what becomes of a text; false if it raised."""
    try:
        call(*arguments)
    except BaseException as error:  # noqa: BLE001 - whatever the program's own code may raise
        contain(error)
        return False
    return True


def contain(error: BaseException) -> None:
    """Let what a function of the program's has raised change nothing of what becomes of a text.

    An error, and a ``CancelledError``, which is nobody's cancellation where nothing is awaited, end here. What is to
    end the program (``KeyboardInterrupt``, ``SystemExit``, and every other that is no ``Exception``) is raised again by
    the event loop in its next turn.
    """
    if not isinstance(error, Exception | asyncio.CancelledError):
        raise_soon(error)


def raise_soon(error: BaseException) -> None:
    """Raise ``error`` in the next turn of the running event loop; at once if none is running."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise error from None
    loop.call_soon(_raise, error)


def _raise(error: BaseException) -> None:
    raise error


def level_of_environment() -> str | None:
    """The level that ``CUSTOMERSMS_LOG`` names, one of ``LEVELS``; ``None`` if it names none."""
    level = os.environ.get(VARIABLE, "").strip().lower()
    return level if level in LEVELS else None


def set_level(level: str) -> None:
    """Have the package's lines shown from this level on, one of ``LEVELS``."""
    _logger.setLevel(level.upper())


def _follow_environment() -> None:
    """Show lines as ``CUSTOMERSMS_LOG`` says."""
    level = level_of_environment()
    if level is not None:
        from .stderr_handler import StderrHandler  # few need it

        set_level(level)
        for each in list(_logger.handlers):
            if type(each).__name__ == StderrHandler.__name__:  # a copy's of this module, as after a reload
                _logger.removeHandler(each)
        _logger.addHandler(StderrHandler(_logger))
    elif os.environ.get(VARIABLE, "").strip():  # which may hold anything, so it is not shown
        warning("CUSTOMERSMS_LOG is to name a level, one of %s; what it holds is ignored", ", ".join(LEVELS))


_follow_environment()
