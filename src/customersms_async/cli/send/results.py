"""Outcomes to a file, each as it comes, so that nothing is lost if the terminal dies."""

from __future__ import annotations

import csv
from typing import IO, TYPE_CHECKING, Final, Protocol, final

import msgspec

from ..output import as_json
from ..problems import InputProblem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ...models import Outcome

FIELDS: Final = ("index", "phone", "status", "message_id", "error", "code")


class ResultsProblem(InputProblem):
    """The file for the results can't be used."""


class Results(Protocol):
    """Takes every outcome of a command, in the order they come."""

    def write(self, outcome: Outcome) -> None:
        """Write one outcome, out to the operating system."""

    def close(self) -> None:
        """Close the file."""


def check_results(path: Path | None) -> None:
    """Raise ``ResultsProblem`` for a name that ``open_results`` would refuse."""
    if path is not None and path.suffix.lower() not in _KINDS:
        raise ResultsProblem(f"{path}: the results can be .csv or .jsonl")
    if path is not None and path.exists():
        raise ResultsProblem(f"{path} exists, and results are never overwritten: choose another name")


def open_results(path: Path | None) -> Results:
    """A new file for the outcomes, by its name CSV or JSON lines; ``None`` keeps nothing.

    Raises ``ResultsProblem`` for another name, and for a file that exists: earlier results are never overwritten.
    """
    if path is None:
        return _Nothing()
    check_results(path)
    try:
        return _KINDS[path.suffix.lower()](path.open("x", encoding="utf-8", errors="backslashreplace", newline=""))
    except OSError as error:
        raise ResultsProblem(f"{path}: {error.strerror}") from None


@final
class _Nothing:
    def write(self, outcome: Outcome) -> None:
        pass

    def close(self) -> None:
        pass


@final
class _Csv:
    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._writer = csv.writer(file)  # ends lines by CR LF, so that either of them in a field is put in quotes
        self._writer.writerow(FIELDS)

    def write(self, outcome: Outcome) -> None:
        self._writer.writerow(msgspec.structs.astuple(outcome))
        self._file.flush()

    def close(self) -> None:
        self._file.close()


@final
class _JsonLines:
    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, outcome: Outcome) -> None:
        self._file.write(as_json(outcome) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


_KINDS: Final[dict[str, Callable[[IO[str]], Results]]] = {".csv": _Csv, ".jsonl": _JsonLines}
