"""How a command ends: a line on standard error for what went wrong, and an exit status.

Exit status of ``send`` and ``estimate``: 0 everyone was accepted (duplicates aside), 3 anyone was rejected, unknown or
unsent, 1 an error, 2 wrong usage or unreadable input, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from typing import TYPE_CHECKING, Final, NoReturn

import typer

from ..errors import ConfigurationError, CustomerSMSError
from .error_words import in_words
from .output import SafeConsole, SafeFormatter
from .problems import InputProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .options import LogLevel

_LOG: Final = logging.getLogger("customersms_async")


@contextlib.contextmanager
def ending_well(log_level: LogLevel) -> Iterator[None]:
    """Turn what goes wrong in a command into a line and an exit status, and show the package's log from a level on."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter("%(levelname)s %(name)s: %(message)s"))
    level = logging.getLevelNamesMapping()[log_level.value.upper()]
    logging.basicConfig(
        level=max(level, logging.WARNING), handlers=[handler]
    )  # other libraries say what they do at DEBUG
    before = _LOG.level
    _LOG.setLevel(level)
    try:
        yield
    except (InputProblem, ConfigurationError) as problem:
        fail(in_words(problem), 2)
    except (CustomerSMSError, OSError) as error:  # OSError: what can't be written, as where a disk is full
        fail(in_words(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted", 130)
    finally:
        _LOG.setLevel(before)


def fail(problem: str, status: int) -> NoReturn:
    """End the command with a line on standard error."""
    SafeConsole(sys.stderr, soft_wrap=True).print(problem, style="red", highlight=False)
    raise typer.Exit(status)
