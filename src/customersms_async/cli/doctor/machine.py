"""The doctor's look at this machine: what is installed, the clock, and the folder for the state."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import tempfile
import time
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from ..._core.version import VERSION
from ...errors import ConfigurationError
from ..error_words import system_words
from ..quota import users_file
from .finding import look, ok, wrong

if TYPE_CHECKING:
    from pathlib import Path

    from .finding import Finding

_NEEDED: Final = ("httpx", "httpcore", "anyio", "certifi", "msgspec", "aiolimiter", "sniffio", "typer", "rich")
_EXTRAS: Final = ("aiohttp", "redis", "phonenumbers", "python-calamine", "socksio", "uvloop")

_EARLIEST: Final = 1_735_689_600
"""The beginning of 2025: no clock that is right is before this package."""

_FEW_BYTES: Final = 50_000_000


def versions_finding() -> Finding:
    """What is installed, for a report; wrong if something is missing that every send needs."""
    found = {name: _version(name) for name in (*_NEEDED, *_EXTRAS)}
    shown = ", ".join(f"{name} {found[name]}" for name in found if found[name])
    said = f"customersms_async {VERSION}, Python {platform.python_version()} on {platform.system()}; {shown}"
    missing = [name for name in _NEEDED if not found[name]]
    if missing:
        return wrong("versions", f"{said}; missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")
    return ok("versions", said)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def clock_finding(now: float | None = None) -> Finding:
    """Whether the clock can be right: certificates are judged by it, and --until goes by it."""
    seconds = time.time() if now is None else now
    shown = f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M:%S %z}"
    if seconds < _EARLIEST:
        return wrong("clock", f"{shown}, which is long ago", "set this machine's clock: certificates are judged by it")
    ahead = _newest_mark() - seconds
    if ahead > 60:
        found = f"{shown}, and the quota file was written {ahead:,.0f} s later than that"
        return look("clock", found, "the clock was put back, or another machine's was ahead: see whether it is right")
    return ok("clock", shown)


def _newest_mark() -> float:
    """When the quota file was last written to; 0 if there is none."""
    try:
        return users_file(make=False).stat().st_mtime
    except OSError:
        return 0.0


def state_finding() -> Finding:
    """Whether the state folder is there, private, writable, and has room."""
    try:
        folder = users_file().parent
    except ConfigurationError as error:
        return wrong("state folder", str(error), "make it writable, or say with --quota where the quota is kept")
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x" * 4_096)
            file.flush()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return wrong("state folder", f"{folder}: {system_words(error)}", _state_todo(folder))
    if os.name == "posix" and folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return look("state folder", f"{folder}, into which others may write", f"chmod 700 {folder}")
    if free < _FEW_BYTES:
        return look("state folder", f"{folder}, with {free // 1_000_000} MB left", "free some space on that disk")
    return ok("state folder", str(folder))


def _state_todo(folder: Path) -> str:
    return f"give this user the right to write into {folder}, and room there, or say with --quota where to keep it"
