"""Ledgers that somebody else made or broke, and every command that reads one: it works, or ends in a few words.

``harmed`` makes one of bytes, ``look_at`` has a command read it and raises if a rule does not hold. Whole processes
are never started, so that a thousand ledgers take seconds.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import sqlite3
import tempfile
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from typer.main import get_command

from customersms_async import AsyncClient, Campaign, MemoryQuota
from customersms_async._core import phone as phones
from customersms_async.campaign._sqlite import schema, wal_check
from customersms_async.cli.app import app
from customersms_async.errors import CampaignStoppedError, CustomerSMSError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from support.fuzzed_bytes import Bytes

MARKUP: Final = "<script>alert(1)</script>\x1b[31m\u202e[red]=1+1"
VALUES: Final = (
    MARKUP, b"\xff\x00", 2**63 - 1, -(2**63), 1e300, float("inf"), -1, 0, 1, 7, 0.5, "", None, "planned", "sending",
    "unknown", "accepted", "2", "1e5", "\x00", "\ud7ff", "a" * 5_000, "=1+1", "+12125551234", "+1\r\nX: y", "9" * 400,
    "Infinity", "nan", "INTERRUPTED", 253_402_214_400_000_001, 10**15, b"", "../x", "/dev/full",
)  # fmt: skip
TABLES: Final = {
    table: re.findall(r"^    (\w+) (?:INTEGER|TEXT)", body, re.MULTILINE)
    for table, body in re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+) \((.*?)\n\)", schema.SCHEMA, re.DOTALL)
}
COLUMNS: Final = [(table, column) for table, columns in TABLES.items() for column in columns]
COMMANDS: Final[Sequence[Sequence[str]]] = (
    ["status"],
    ["status", "--json"],
    ["export", "--format", "csv"],
    ["export", "--format", "jsonl"],
    ["report", "--html", "report.html"],
    ["resolve", "--status", "unknown", "--as", "planned", "--by", "me"],
    ["resolve", "--status", "rejected", "--as", "planned", "--by", "me", "--json"],
    ["resolve", "--status", "unknown", "--as", "accepted", "--by", MARKUP],
    ["resolve", "--phones", "people.txt", "--as", "accepted", "--by", "me"],
    ["pause"],
    ["stop", "--by", MARKUP, "--json"],
    ["resume", "--by", "me"],
    ["run", "--dry-run"],
    ["run", "--dry-run", "--json"],
)
TO_A_TERMINAL: Final = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]")
MOST_WORDS: Final = 4_000


@cache
def good_ledger() -> bytes:
    """The bytes of a ledger with something in every table, and recipients in every state that lasts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "good"
        asyncio.run(_fill(path))
        return path.read_bytes()


async def _fill(path: Path) -> None:
    people = [f"+1212555{number:04}" for number in range(6)]

    def answer(request: httpx.Request) -> httpx.Response:
        rows = [{"phone": phone, "success": phone != people[1]} for phone in _asked(request) if phone != people[2]]
        return httpx.Response(200, json={"success": True, "results": rows})

    async with Campaign.open(path) as campaign:
        await campaign.add([*people, people[0], "no number"], "Hello")
        async with _client(answer) as client:
            with suppress(CampaignStoppedError):
                async for _ in campaign.run(client, suppress=[people[3]], max_recipients=4):
                    pass
        await campaign.resolve([people[1]], as_="planned", by="me")


def _client(answer: Callable[[httpx.Request], httpx.Response]) -> AsyncClient:
    return AsyncClient(
        api_key="cspro_fuzzed",
        url="http://127.0.0.1:9/",
        quota=MemoryQuota(),
        pace=None,
        batch_size=4,
        http_client=httpx.MockTransport(answer),
    )


def _asked(request: httpx.Request) -> list[str]:
    phones: list[str] = json.loads(request.content)["phone"]
    return phones


def spoiled(path: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    """Do to a ledger what its own file would refuse; what even SQLite refuses is left out."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute("PRAGMA writable_schema = ON")
        db.execute("PRAGMA synchronous = OFF")
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement, values in statements:
            with suppress(sqlite3.Error, OverflowError):
                db.execute(statement, values)


def harmed(take: Bytes, path: Path) -> None:
    """Make a ledger at ``path`` that is harmed as the bytes say: its values, its schema, or any byte of the file."""
    path.write_bytes(good_ledger())
    kind = take.byte() % 4
    if kind:
        spoiled(path, *(_statement(take) for _ in range(1 + take.byte() % 3)))
    if kind in (0, 3):
        content = bytearray(path.read_bytes())
        for _ in range(1 + take.byte() % 4):
            at = int.from_bytes(bytes([take.byte(), take.byte(), take.byte()])) % (len(content) + 1)
            content[at : at + take.byte() % 8] = bytes(take.byte() for _ in range(take.byte() % 8))
        path.write_bytes(content if take.byte() % 8 else content[: take.byte() * 400])


def _statement(take: Bytes) -> tuple[str, tuple[object, ...]]:
    table, column = take.one_of(COLUMNS)
    value, which = take.one_of(VALUES), take.byte() % 4
    where = f" WHERE rowid % 3 = {which}" if which < 3 and table not in ("counts", "suppressed") else ""
    other, _ = take.one_of(COLUMNS)
    names = ", ".join(TABLES[table])
    marks = ", ".join("?" * len(TABLES[table]))
    changes: list[tuple[str, tuple[object, ...]]] = [
        (f"UPDATE OR REPLACE {table} SET {column} = ?{where}", (value,)),  # noqa: S608 - the schema's own names, as below
        (f"UPDATE OR REPLACE {table} SET {column} = ?{where}", (value,)),  # noqa: S608
        (f"UPDATE OR REPLACE {table} SET {column} = ?{where}", (value,)),  # noqa: S608
        (f"UPDATE OR REPLACE {table} SET {column} = {column} + 1", ()),  # noqa: S608
        (f"UPDATE OR REPLACE {table} SET {column} = CAST({column} AS BLOB)", ()),  # noqa: S608
        (f"INSERT INTO {table} ({names}) VALUES ({marks})", (value,) * len(TABLES[table])),  # noqa: S608
        (f"DELETE FROM {table}{where}", ()),  # noqa: S608
        (f"DROP TABLE {table}", ()),
        (f"ALTER TABLE {table} DROP COLUMN {column}", ()),
        (f"ALTER TABLE {table} RENAME TO moved", ()),
        (f"ALTER TABLE {table} ADD COLUMN more TEXT DEFAULT 'x'", ()),
        (f"ALTER TABLE {table} RENAME COLUMN {column} TO moved", ()),
        (f"CREATE TRIGGER odd AFTER UPDATE ON {table} BEGIN DELETE FROM {other}; END", ()),  # noqa: S608
        (f"CREATE TRIGGER odd BEFORE INSERT ON {table} BEGIN SELECT raise(IGNORE); END", ()),
        (f"CREATE UNIQUE INDEX odd ON {table} ({column})", ()),
        (f"PRAGMA user_version = {take.byte() % 5 - 1}", ()),
        ("PRAGMA application_id = 7", ()),
        (f"UPDATE sqlite_master SET sql = replace(sql, '{column}', 'moved') WHERE name = '{table}'", ()),  # noqa: S608
        (f"UPDATE sqlite_master SET sql = ? WHERE name = '{table}'", (value,)),  # noqa: S608
        (f"UPDATE sqlite_master SET rootpage = {take.byte()} WHERE name = '{table}'", ()),  # noqa: S608
        (f"UPDATE sqlite_master SET type = 'view' WHERE name = '{table}'", ()),  # noqa: S608
        (f"UPDATE sqlite_master SET sql = replace(sql, 'TEXT', 'BLOB') WHERE name = '{table}'", ()),  # noqa: S608
    ]
    found: tuple[str, tuple[object, ...]] = take.one_of(changes)
    return found


@cache
def folder() -> Path:
    """Where the ledgers lie, in memory where there is such a place."""
    shared = Path("/dev/shm")  # noqa: S108 - the folder in it is our own
    made = Path(tempfile.mkdtemp(prefix=f"ledgers-{os.getpid()}-", dir=shared if shared.is_dir() else None))
    (made / "people.txt").write_text("+12125550002\n")
    wal_check._LOOK_SECONDS = 0.0  # type: ignore[misc]  # nobody brings a -wal here
    return made


def ledgers(take: Bytes) -> None:
    """One harmed ledger, read by one command or run: words or work, and nothing of it does anything to who reads."""
    place = folder()
    for left in place.glob("ledger*"):
        left.unlink()
    (place / "report.html").unlink(missing_ok=True)
    turn = take.byte() % (len(COMMANDS) + 3)
    path = place / "ledger"
    harmed(take, path)
    if turn < len(COMMANDS):
        look_at(path, COMMANDS[turn])
    else:
        run(path)


@cache
def _command() -> Any:
    return get_command(app)


def _invoked(arguments: Sequence[str]) -> tuple[int, str, str]:
    """The command's status, output and errors; it is put together once, which takes longer than what it does."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        try:
            _command().main([*arguments], prog_name="customersms")
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
    out.seek(0)
    err.seek(0)
    return status, out.read(), err.read()


def look_at(path: Path, command: Sequence[str]) -> int:
    """Have one of ``COMMANDS`` read a ledger; gives its exit status. Raises for what may never be."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        status, said, complained = _invoked(["campaign", command[0], "--ledger", path.name, *command[1:]])
    finally:
        os.chdir(before)
    assert status in (0, 1, 2)
    told = complained if "csv" in command else said + complained
    assert not TO_A_TERMINAL.search(told), told
    assert status == 0 or 0 < len(complained) < MOST_WORDS
    if "jsonl" in command or "--json" in command:
        for line in said.splitlines():
            json.loads(line)
    page = path.parent / "report.html"
    if page.exists():
        text = page.read_text(encoding="utf-8", errors="replace")
        assert "<script" not in text
        assert MARKUP not in text
    return status


def run(path: Path) -> list[str]:
    """Go on with a ledger over a gateway that accepts everything; gives the numbers that were sent to."""
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked = _asked(request)
        sent.extend(asked)
        return httpx.Response(200, json={"success": True, "results": [{"phone": p, "success": True} for p in asked]})

    with suppress(CustomerSMSError):
        asyncio.run(_run(path, answer))
    for number in sent:
        assert phones.parse(number) == number, "what is no number is never sent to"
    return sent


async def _run(path: Path, answer: Callable[[httpx.Request], httpx.Response]) -> None:
    async with Campaign.open(path, create=False) as campaign, _client(answer) as client:
        async for outcome in campaign.run(client):
            assert isinstance(outcome.phone, str)
