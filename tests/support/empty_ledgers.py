"""An empty ledger in memory, for tests of what a file refuses by itself."""

from __future__ import annotations

import sqlite3
from functools import cache

from customersms_async.campaign._sqlite.schema import SCHEMA


def empty_ledger() -> sqlite3.Connection:
    """A connection of its own, for the caller to close, to a copy: making the tables takes many times as long."""
    connection = sqlite3.connect(":memory:")
    _made().backup(connection)
    return connection


@cache
def _made() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    return connection
