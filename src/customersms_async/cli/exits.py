"""How a command ends: a line on standard error for what went wrong, and an exit status.

Exit status of ``send`` and ``estimate``: 0 everyone was accepted (duplicates aside), 3 anyone was rejected, unknown or
unsent, 1 an error, 2 wrong usage or unreadable input, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import typer

from ..errors import ConfigurationError, CustomerSMSError
from .error_words import in_words
from .output import SafeConsole, SafeFormatter
from .problems import InputProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .options import LogLevel


@contextlib.contextmanager
def ending_well(log_level: LogLevel) -> Iterator[None]:
    """Turn what goes wrong in a command into a line and an exit status."""
    from .._runtime.log import level_of_environment, set_level  # asyncio with it, which --help does without

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=log_level.value.upper(), handlers=[handler])
    if level_of_environment() is not None:
        set_level(log_level.value)
    try:
        yield
    except (InputProblem, ConfigurationError) as problem:
        fail(in_words(problem), 2)
    except (CustomerSMSError, OSError) as error:  # OSError: what can't be written, as where a disk is full
        fail(in_words(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted", 130)


def fail(problem: str, status: int) -> NoReturn:
    """End the command with a line on standard error."""
    SafeConsole(sys.stderr, soft_wrap=True).print(problem, style="red", highlight=False)
    raise typer.Exit(status)
