"""Every statement of every SQLite connection that is made meanwhile."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

_WRITING = ("BEGIN", "CREATE", "INSERT", "UPDATE", "PRAGMA WAL_CHECKPOINT")


@final
class Traced:
    """The statements of one connection, in order."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __repr__(self) -> str:
        return f"Traced({self.statements})"

    @property
    def _first_write(self) -> int | None:
        kinds = [number for number, said in enumerate(self.statements) if said.upper().startswith(_WRITING)]
        return kinds[0] if kinds else None

    @property
    def writes(self) -> bool:
        """Whether it wrote, or was about to."""
        return self._first_write is not None

    @property
    def is_synced_fully(self) -> bool:
        """Whether it asked for ``fullfsync`` before it wrote."""
        return "PRAGMA fullfsync = ON" in self.statements[: self._first_write]


@contextlib.contextmanager
def traced(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Traced]]:
    """What each connection was asked, in the order in which they were made."""
    connect, connections = sqlite3.connect, list[Traced]()

    def connect_and_trace(*arguments: Any, **options: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = connect(*arguments, **options)
        connections.append(Traced())
        made.set_trace_callback(connections[-1].statements.append)
        return made

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", connect_and_trace)
        yield connections
