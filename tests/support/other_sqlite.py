"""Another program that writes to a database of SQLite's, whose shared memory somebody has deleted."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_WRITES = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("CREATE TABLE others (x)")
connection.close()
"""


def lose_memory_to_another(path: Path) -> None:
    """Delete the ``-shm`` of the database at ``path``, and have another process make one and write."""
    path.with_name(path.name + "-shm").unlink()
    subprocess.run([sys.executable, "-c", _WRITES, str(path)], check=True)  # noqa: S603 - our own script


def others_are_kept(path: Path) -> None:
    """What the other process wrote is there, and the database whole."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM others").fetchone() == (0,)
