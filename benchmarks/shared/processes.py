"""Measurements in fresh processes, one at a time and in turns, and what they were taken with."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TIMEOUT = 900.0


@contextlib.contextmanager
def without(name: str) -> Iterator[Path]:
    """A folder with all that is installed but one package, as if it had never been: looking for it costs what it does.

    (What Python is told to be absent, by ``sys.modules``, is not looked for at all.)
    """
    with tempfile.TemporaryDirectory() as folder:
        for path in Path(sysconfig.get_path("purelib")).iterdir():
            if not path.name.startswith(name):
                (Path(folder) / path.name).symlink_to(path)
        yield Path(folder)


def command(module: str, *arguments: object, packages: Path | None = None) -> tuple[list[str], dict[str, str] | None]:
    """What runs a benchmark, ``speed.codec`` say, in ``ROOT``, and the environment that it needs.

    ``packages``: the folder that ``without`` made.
    """
    words = [sys.executable, *(["-S"] if packages else []), "-m", f"benchmarks.{module}", *map(str, arguments)]
    return words, {**os.environ, "PYTHONPATH": str(packages)} if packages else None


def child(module: str, *arguments: object) -> list[Any]:
    """The JSON lines that a benchmark prints, in a fresh process."""
    words, _ = command(module, *arguments)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT)  # noqa: S603
    if done.returncode:
        sys.exit(f"{module} {' '.join(map(str, arguments))} failed:\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def say(words: str) -> None:
    print(f"… {words}", file=sys.stderr, flush=True)


def pinned() -> dict[str, str]:
    """The rivals' versions; ends the program if others are installed."""
    lines = (ROOT / "benchmarks" / "requirements.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    for name, pin in pins.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "none"
        if found != pin:
            sys.exit(f"{name} {pin} is needed, {found} is here: pip install -r benchmarks/requirements.txt")
    return pins


def machine() -> str:
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def in_turns(module: str, measures: Iterable[Sequence[object]], rounds: int) -> dict[tuple[str, ...], list[Any]]:
    """Every measurement once a round; by its arguments, the rounds' results. Every second round goes backwards."""
    found: dict[tuple[str, ...], list[Any]] = {tuple(map(str, each)): [] for each in measures}
    for number in range(rounds):
        say(f"{module}, round {number + 1} of {rounds}")
        for arguments in list(found)[:: -1 if number % 2 else 1]:
            found[arguments].append(child(module, *arguments)[0])
    return found
