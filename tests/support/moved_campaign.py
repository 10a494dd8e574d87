"""A campaign that is half sent, with something in everything that a ledger keeps, and all that a ledger says of it."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from customersms_async import Campaign, CampaignStoppedError, Code, Outcome, Status
from customersms_async._core.intake import Letter
from customersms_async._core.rulings import Ruling
from customersms_async._runtime.clock import wall_us
from customersms_async.campaign.ledger_opening import open_ledger
from customersms_async.campaign.refusals import CUT_OFF_US
from customersms_async.campaign.rows import Intent
from customersms_async.campaign.states import SAYS, State
from support.wanted_runs import run_is_wanted

if TYPE_CHECKING:
    from customersms_async import AsyncClient
    from customersms_async.campaign.protocol import CampaignLedger
    from customersms_async.campaign.rows import Entry

PEOPLE: Final = 60
SENT: Final = 20
"""Those who are accepted by a run; the others are at the places behind them."""

ODD: Final = "Ann\0 ✋'; --\t\\N\n"


def phone(number: int) -> str:
    return f"+1212{number:07}"


async def half_sent(place: str, client: AsyncClient, *, people: int = PEOPLE) -> None:
    """Make it, and run it until so many are accepted, with all else as a ledger can have it."""
    kept = [
        Letter(phone(n), f"Hi {n // 5}, {ODD}", line=n + 2, kept=(f"row {n}", ODD), zone=ODD if n % 2 else None)
        for n in range(people)
    ]
    async with Campaign.open(place) as campaign:
        letters = [*kept, kept[0], Letter("no number", "Hi", line=90, kept=("", ""))]
        await campaign.ledger.add(letters, "Hi {name}", None, (), keep=("id", "odd"))
        await double(place, 29)
        with suppress(CampaignStoppedError):
            async for _ in campaign.run(client, max_recipients=SENT + 1):
                pass
        await _more(campaign.ledger)


async def _more(ledger: CampaignLedger) -> None:
    """Whoever is not accepted: rejected, unknown, capped, suppressed, cut off, and resolved."""
    await ledger.become_runner()
    await run_is_wanted(ledger)
    for status, code, ids in (
        (Status.REJECTED, "NOT_ALLOWED", [20, 21]),
        (Status.UNKNOWN, Code.NO_ANSWER, [22, 23, 24]),
        (Status.UNSENT, Code.STOPPED, [25]),
        (Status.UNKNOWN, Code.NO_ANSWER, [26]),
    ):
        intent = Intent(ids, None, 30.0)
        await ledger.begin(intent)
        outcomes = [Outcome(n, phone(n), status, None, f"words {ODD}", code) for n in ids]
        await ledger.record(intent, Ruling(outcomes, status_code=None if status is Status.UNKNOWN else 200))
    await ledger.skip([Outcome(27, phone(27), Status.UNSENT, None, "no room", Code.CAPPED)])
    await ledger.suppress([phone(28), "+15550001111"], f"a list {ODD}")
    await ledger.resolve([SAYS[State.ACCEPTED]["unknown"]], [phone(22)], ODD)
    await ledger.resolve([SAYS[State.PLANNED]["unknown"]], [phone(26)], "Ben")
    await ledger.resolve([SAYS[State.PLANNED]["rejected"]], [phone(21)], "Ben")
    await ledger.leave_running()


async def double(place: str, number: int) -> None:
    """Have somebody get a text twice, as a late answer shows: a person had it sent again meanwhile. An hour ago."""
    now_us = wall_us() - 3_600_000_000

    def clock() -> int:
        return now_us

    late, ledger = [await open_ledger(place, create=False, clock=clock) for _ in range(2)]
    try:
        await late.become_runner()
        await run_is_wanted(late)
        first, second = Intent([number], None, 30.0), Intent([number], None, 30.0)
        await late.begin(first)
        await late.leave_running()
        now_us += 36_000_000
        await ledger.recover()
        now_us += CUT_OFF_US
        await ledger.become_runner()
        await ledger.resolve([SAYS[State.PLANNED]["unknown"]], [phone(number)], "Ben")
        await ledger.begin(second)
        await ledger.record(second, Ruling([_said(number, Status.UNKNOWN)]))
        await late.record(first, Ruling([_said(number, Status.ACCEPTED)], status_code=200))
    finally:
        await late.close()
        await ledger.close()


def _said(number: int, status: Status) -> Outcome:
    if status is Status.ACCEPTED:
        return Outcome(number, phone(number), status, "m1", None, None)
    return Outcome(number, phone(number), status, None, "no answer", Code.NO_ANSWER)


async def everything(place: str) -> dict[str, Any]:
    """All that the ledger there says, but for its moves: the rows of each table as a file has them, and its answers."""
    ledger = await open_ledger(place, create=False)
    try:
        with tempfile.TemporaryDirectory() as folder:
            packed = Path(folder, "packed")
            await ledger.pack(packed)
            tables = await asyncio.to_thread(_tables, packed)
        entries: list[Entry] = []
        while page := await ledger.entries(entries[-1].index + 1 if entries else 0, list(State)):
            entries += page
        return {
            **tables,
            "id": ledger.id,
            "entries": entries,
            "planned": await ledger.planned(0),
            "counts of it": await ledger.counts(),
            "added": await ledger.added(),
            "additions of it": await ledger.additions(),
            "wanted now": await ledger.wanted(),
            "resolutions of it": await ledger.resolutions(),
            "doubts": await ledger.doubts(),
            "doubles of it": await ledger.doubles(),
            "kept": await ledger.kept_names(),
            "codes": await ledger.by_calling_code(),
        }
    finally:
        await ledger.close()


def _tables(packed: Path) -> dict[str, list[Any]]:
    """The rows of all tables, in order; not of what a file says of itself alone."""
    with closing(sqlite3.connect(packed)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        found = {name: _rows(db, name) for name in names if name not in ("session", "progress", "moves")}
    found["counts"] = [row for row in found["counts"] if row[2]]
    return found


def _rows(db: sqlite3.Connection, table: str) -> list[Any]:
    return sorted(db.execute(f"SELECT * FROM {table}").fetchall(), key=repr)  # noqa: S608 - the schema's own names
