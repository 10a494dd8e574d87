"""The command line ``customersms`` (extra ``cli``): arguments, one call of the package, an exit status."""

from __future__ import annotations

import io
import sys
from typing import Final

__all__ = ["main"]

_EXTRA: Final = frozenset({"typer", "rich", "platformdirs", "starlette", "uvicorn"})


def main() -> None:
    """Run ``customersms``, or say what to install."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal can't show ends nothing
    try:
        from .app import app

        app(prog_name="customersms")
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.exit('customersms needs more than the library does: pip install "customersms-async[cli]"')
