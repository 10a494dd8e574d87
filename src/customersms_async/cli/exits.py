"""How a command ends: a line on standard error for what went wrong, and an exit status.

Exit status of ``send`` and ``estimate``: 0 everyone was accepted (duplicates aside), 3 anyone was rejected, unknown or
unsent, 1 an error, 2 wrong usage or unreadable input, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import logging
import signal
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console

from ..errors import ConfigurationError, CustomerSMSError
from .problems import InputProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .options import LogLevel


@contextlib.contextmanager
def ending_well(log_level: LogLevel) -> Iterator[None]:
    """Turn what goes wrong in a command into a line and an exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.basicConfig(level=log_level.value.upper(), format="%(levelname)s %(name)s: %(message)s")
    try:
        yield
    except (InputProblem, ConfigurationError) as problem:
        fail(str(problem), 2)
    except CustomerSMSError as error:
        fail(str(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted", 130)


def fail(problem: str, status: int) -> NoReturn:
    """End the command with a line on standard error."""
    Console(stderr=True, soft_wrap=True).print(problem, style="red", markup=False, highlight=False)
    raise typer.Exit(status)
