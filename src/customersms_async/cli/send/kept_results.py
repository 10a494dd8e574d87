"""The file of ``--output`` while a send runs: an error of it names it, and a full disk is told once."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, final

from .results import NOWHERE, open_results

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ...models import Outcome
    from .results import Origin, Results


@contextlib.contextmanager
def kept_results(path: Path | None, *, raw: bool, keep: Sequence[str]) -> Iterator[Results]:
    """The results of ``open_results``, until the end. Raises as that does, and ``OSError`` where the end is lost."""
    results = NamedResults(open_results(path, raw=raw, keep=keep), path)
    try:
        yield results
    finally:
        results.close()


@final
class NamedResults:
    """Results whose errors name their file; mutable state: the first of them, with which all that comes later ends."""

    def __init__(self, results: Results, path: Path | None) -> None:
        self._results = results
        self._path = path
        self._failed: OSError | None = None

    def write(self, outcome: Outcome, origin: Origin = NOWHERE) -> None:
        """Write one outcome. Raises ``OSError`` where it can't be kept, as from then on it does for each."""
        if self._failed is not None:
            raise self._failed
        with self._naming():
            self._results.write(outcome, origin)

    def close(self) -> None:
        """Close the file; what it still holds back after an error is given up, as that was told."""
        if self._failed is not None:
            with contextlib.suppress(OSError):
                self._results.close()
            return
        with self._naming():
            self._results.close()

    @contextlib.contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._failed = OSError(error.errno, error.strerror, str(self._path))
            raise self._failed from None
