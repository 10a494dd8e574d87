"""The outboxes of ``examples/outbox``: each with its database, in this process and as a program of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from customersms_async import SQLiteIdempotency
from support.example_programs import loaded
from support.places import ROOT
from support.real_time import PATIENCE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from customersms_async import AsyncClient

FOLDER: Final = ROOT / "examples" / "outbox"
LOG: Final = Path("sender.log")
Row = tuple[Any, ...]


class SQLiteOutbox:
    """In a file of the current folder."""

    program = FOLDER / "with_sqlite.py"

    def __init__(self) -> None:
        self._module = loaded(self.program)
        self._database: sqlite3.Connection = self._module.open_database()
        self.environment: dict[str, str] = {}

    def close(self) -> None:
        self._database.close()

    def place(self, phone: str) -> int:
        order: int = self._module.place_order(self._database, phone, "lamp")
        return order

    async def send_queued(self, client: AsyncClient) -> None:
        """One round of a sender."""
        await self._module.send_queued(self._database, client)

    def sql(self, statement: str) -> list[Row]:
        with self._database:
            return self._database.execute(statement).fetchall()

    @contextlib.contextmanager
    def nothing_can_be_recorded(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        yield
        self._database.rollback()

    def sender_wants_to_record(self) -> bool:
        """Whether what became of the first text is in the store of keys, which is told before it is recorded."""

        async def state() -> str:
            async with SQLiteIdempotency("keys.sqlite") as store:
                (found,) = await store.look([store.hashes.key_of_send("order-1/placed")])
                return "" if found is None else found.state.name

        return asyncio.run(state()) == "ACCEPTED"

    def forget_the_sender(self) -> None:
        """What a killed sender has of a file goes with it."""

    def time_passes(self) -> None:
        """No text is anybody's for a time."""


class PostgresOutbox:
    """In a database, which is an app's own."""

    program = FOLDER / "with_postgres.py"

    def __init__(self, url: str) -> None:
        self._module = loaded(self.program)
        self._url = url
        self._database = psycopg.connect(url, autocommit=True)
        self._database.execute(self._module.SCHEMA)
        self.environment = {"DATABASE_URL": url}

    def close(self) -> None:
        self._database.execute("DROP TABLE orders, outbox")
        self._database.close()

    def place(self, phone: str) -> int:
        order: int = self._module.place_order(self._url, phone, "lamp")
        return order

    async def send_queued(self, client: AsyncClient) -> None:
        """One round of a sender."""
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as database:
            await self._module.send_queued(database, client)

    def sql(self, statement: str) -> list[Row]:
        cursor = self._database.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def nothing_can_be_recorded(self) -> Iterator[None]:
        with self._database.transaction():
            self._database.execute("LOCK TABLE outbox IN SHARE MODE")
            yield

    def sender_wants_to_record(self) -> bool:
        """Whether it waits for that lock."""
        return bool(self._waiting())

    def forget_the_sender(self) -> None:
        """End what the server does for a killed sender: it would notice only when it has something to tell."""
        for (pid,) in self._waiting():
            self.sql(f"SELECT pg_terminate_backend({pid}, {PATIENCE * 1000:.0f})")

    def time_passes(self) -> None:
        """Have what a sender had taken for a time be free for others."""
        self.sql("UPDATE outbox SET not_before = now()")

    def _waiting(self) -> list[Row]:
        return self.sql(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )


class Sender:
    """A sender as a program of its own. Mutable state: the process."""

    def __init__(self, outbox: SQLiteOutbox | PostgresOutbox) -> None:
        command = [sys.executable, str(outbox.program), "send"]
        with LOG.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a program of ours
                command, env={**os.environ, **outbox.environment}, stdout=log, stderr=log
            )

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def kill(self) -> None:
        """As by ``kill -9``."""
        self._process.kill()
        self._process.wait()

    def ask_to_stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def ended(self) -> tuple[int, str]:
        """Its exit status, and what it has said."""
        status = self._process.wait(PATIENCE)
        return status, LOG.read_text(encoding="utf-8")
