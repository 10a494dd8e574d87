"""Outcomes to a file, each as it comes, so that nothing is lost if the terminal dies."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, Protocol, final

import msgspec

from ..kept_columns import kept_names
from ..output import as_json
from ..problems import InputProblem
from ..spreadsheets import as_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ...models import Outcome

FIELDS: Final = ("index", "phone", "status", "message_id", "error", "code")
"""Fields of an outcome that are written: all but ``replayed``, as no call of the command has an idempotency key."""


class Origin(NamedTuple):
    """Where a recipient comes from: the file's line, and the texts of the columns that were to be kept."""

    line: int | None = None
    kept: tuple[str, ...] = ()


NOWHERE: Final = Origin()


def with_origin(outcome: Outcome, origin: Origin, keep: Sequence[str]) -> dict[str, Any]:
    """An outcome for programs, with the file's line and what was kept of it, if there is a file."""
    found: dict[str, Any] = dict(zip(FIELDS, _values(outcome), strict=True))
    if origin.line is not None:
        found["line"] = origin.line
    if keep:
        found["kept"] = dict(zip(keep, origin.kept, strict=True))
    return found


class ResultsProblem(InputProblem):
    """The file for the results can't be used."""


class Results(Protocol):
    """Takes every outcome of a command, in the order they come."""

    def write(self, outcome: Outcome, origin: Origin = NOWHERE) -> None:
        """Write one outcome and where it comes from, out to the operating system."""

    def close(self) -> None:
        """Close the file."""


def check_results(path: Path | None) -> None:
    """Raise ``ResultsProblem`` for a name that ``open_results`` would refuse."""
    if path is not None and path.suffix.lower() not in _KINDS:
        raise ResultsProblem(f"{path}: the results can be .csv or .jsonl")
    if path is not None and path.exists():
        raise ResultsProblem(f"{path} exists, and results are never overwritten: choose another name")


def open_results(path: Path | None, *, raw: bool = False, keep: Sequence[str] = ()) -> Results:
    """A new file for the outcomes, by its name CSV or JSON lines; ``None`` keeps nothing.

    After an outcome's own fields come the file's line and the columns ``keep``, of which every origin has the texts.

    Nobody else may read it (mode 0600). ``raw``: cells of a CSV as they are, also those that a spreadsheet would run.
    Raises ``ResultsProblem`` for another name, and for a file that exists: earlier results are never overwritten.
    """
    if path is None:
        return _Nothing()
    check_results(path)
    try:
        file = os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600),
            "w",
            encoding="utf-8",
            errors="backslashreplace",
            newline="",
        )
        return _KINDS[path.suffix.lower()](file, keep, raw)
    except OSError as error:
        raise ResultsProblem(f"{path}: {error.strerror}") from None


@final
class _Nothing:
    def write(self, outcome: Outcome, origin: Origin = NOWHERE) -> None:
        pass

    def close(self) -> None:
        pass


@final
class _Csv:
    def __init__(self, file: IO[str], keep: Sequence[str], raw: bool) -> None:
        self._file = file
        self._raw = raw
        file.write(as_csv([[*FIELDS, "line", *kept_names(keep, (*FIELDS, "line"))]], raw=raw))

    def write(self, outcome: Outcome, origin: Origin = NOWHERE) -> None:
        row = [*_values(outcome), origin.line, *origin.kept]
        self._file.write(as_csv([row], raw=self._raw))
        self._file.flush()

    def close(self) -> None:
        self._file.close()


@final
class _JsonLines:
    def __init__(self, file: IO[str], keep: Sequence[str], _: bool) -> None:
        self._file = file
        self._keep = keep

    def write(self, outcome: Outcome, origin: Origin = NOWHERE) -> None:
        self._file.write(as_json(with_origin(outcome, origin, self._keep)) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _values(outcome: Outcome) -> tuple[object, ...]:
    return msgspec.structs.astuple(outcome)[: len(FIELDS)]


_KINDS: Final[dict[str, Callable[[IO[str], Sequence[str], bool], Results]]] = {".csv": _Csv, ".jsonl": _JsonLines}
