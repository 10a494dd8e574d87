"""Every command of ours on the pages runs, block by block, and prints what the page says, numbers aside."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import signal
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from customersms_async import AsyncClient, MemoryQuota, OutcomeUnknownError, SQLiteIdempotency
from customersms_async.sandbox import Fault, magic
from support.command import KEY, Commands, until
from support.pages import consoles
from support.places import ROOT
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from customersms_async.sandbox import Sandbox
    from support.postgres_servers import PostgresServerProcess

    Serve = Callable[..., tuple[Sandbox, dict[str, str]]]

DATABASE: Final = re.compile(r"postgresql://(\w+)@(?:db\.internal|db)/app")
UNTIL_TOLD: Final = re.compile(r"\b(?:worker|serve|sandbox --port)\b|--between")
"""In commands that end when they are told to, or that wait for the hour."""

OURS: Final = re.compile(r"^(?:\$ )?(?:\S*/)?customersms\b", re.MULTILINE)
BEGUN_ONCE: Final = {"--between": "rejected 0", "sandbox": "export CUSTOMERSMS_API_KEY"}
"""What they show then."""

WELL: Final = (0, 3)
"""Statuses: all is well; not everyone was accepted."""

TOO_EARLY: Final = 2
"""That of who says of a text, before its time, that it was not sent."""

NO_ROW: Final = magic.number(Fault.ROW_MISSING)
BEGUN: Final = ("campaign", "run", "people.csv", "--message", "Hi {name}, doors open at eight", "--ledger")
FILES: Final = {
    "people.csv": f"phone,name,code\n+12125551234,Ann,17\n{NO_ROW},Bob,18\n",
    "late.csv": "phone,name\n+12125550123,Cleo\n",
    "spring.txt": "Hi {name}, doors open at eight",
    "arrived.txt": f"{NO_ROW}\n",
    "opted-out.csv": "phone\n+442071838750\n",
    "replies.csv": "from,text\n+442071838751,STOP\n",
    "shop": "cspro_of_the_shop",
    "clinic": "cspro_of_the_clinic",
}


class Command(NamedTuple):
    """A line behind a ``$``, and what is printed below it."""

    words: list[str]
    prints: list[str]


def commands(block: str) -> list[Command]:
    found: list[Command] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append(Command(shlex.split(line[2:], comments=True), []))
        elif found and line.strip():
            found[-1].prints.append(line)
    return found


def shown_as(line: str) -> str:
    """A line without what differs from one run to the next: numbers, hosts and folders."""
    line = re.sub(r"postgresql://[^/\s]+/", "postgresql://db/", line)
    return " ".join(re.sub(r"\d[\d,.]*", "0", re.sub(r"\S*/(?=\w+\.ledger)", "", line)).split())


def has_printed(prints: list[str], shown: str) -> bool:
    """Whether the lines of the page stand among those that were shown, in their order; "…" stands for anything."""
    rest = shown_as(shown)
    for part in filter(None, (shown_as(part) for line in prints for part in line.split("…"))):
        _, found, rest = rest.partition(part)
        if not found:
            return False
    return True


@pytest.fixture
def database(shared_postgres: PostgresServerProcess) -> Iterator[Callable[[str], str]]:
    """Puts a real server in the place of those of the pages, for the owner and for a role that owns nothing."""
    shared_postgres.sql("CREATE ROLE texts LOGIN")
    yield partial(DATABASE.sub, lambda found: shared_postgres.url("texts" if found[1] == "texts" else "app"))
    shared_postgres.sql("DROP OWNED BY texts", "DROP ROLE texts", database="app")


@pytest.mark.parametrize("block", [pytest.param(block, id=place) for place, block in consoles() if OURS.search(block)])
def test_the_commands_of_a_page_do_what_it_says(
    block: str, customersms: Commands, serve: Serve, request: pytest.FixtureRequest
) -> None:
    _, there = serve()
    for name, text in FILES.items():
        customersms.write(name, text)
    shutil.copytree(ROOT / "examples", customersms.folder / "examples")
    if DATABASE.search(block):
        block = request.getfixturevalue("database")(block)
    if "keys.db" in block:
        block = block.replace("claim-0123456789abcdef0123", asyncio.run(one_unknown(customersms.folder, there)))
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    block = re.sub(r"\b20\d\d-\d\d-\d\d(?=T)", str(tomorrow), block)
    block = block.replace("09:00-20:00", hours_elsewhere())
    block = block.replace("/run/secrets/", f"{customersms.folder}/").replace("8025", str(free_port()))
    asked = commands(block)
    prepare(customersms, block, asked, there)
    if "ledger trust" in block:
        request.getfixturevalue("shared_postgres").sql("UPDATE customersms.places SET trusted = false", database="app")

    def listening() -> set[int]:
        server: PostgresServerProcess = request.getfixturevalue("shared_postgres")
        return {
            worker for (worker,) in server.sql("SELECT id FROM customersms_jobs.procrastinate_workers", database="app")
        }

    for command in asked:
        if command.words[0] == "export":
            there |= dict(word.split("=", 1) for word in command.words[1:])
        elif OURS.match(command.words[0]):
            shown, status = run(customersms, command, there, listening)
            assert status in (WELL if "--as unsent" not in " ".join(command.words) else (TOO_EARLY,)), shown
            assert has_printed(command.prints, shown), shown


def hours_elsewhere() -> str:
    """An hour in which it is neither New York's time nor that of any other zone of the pages, whenever this runs."""
    there = datetime.now(ZoneInfo("America/New_York")) + timedelta(hours=12)
    return f"{there:%H:%M}-{there + timedelta(hours=1):%H:%M}"


async def one_unknown(folder: Path, there: dict[str, str]) -> str:
    """Have it be unknown what became of a text, and give its claim."""
    async with (
        SQLiteIdempotency(folder / "keys.db") as keys,
        AsyncClient(api_key=KEY, url=there["CUSTOMERSMS_URL"], idempotency=keys, quota=MemoryQuota()) as client,
    ):
        with pytest.raises(OutcomeUnknownError):
            await client.send(NO_ROW, "Order 17 is on its way", idempotency_key="order-17/shipped")
        return (await client.idempotency.unknown())[0].id


def prepare(customersms: Commands, block: str, asked: list[Command], there: dict[str, str]) -> None:
    """Make what the page takes for granted: a database that is made ready, and a campaign that was begun."""
    server = re.search(r"postgresql://\w+@[^#\"\s]+", block)
    if server is not None and "ledger migrate" not in block:
        owner = re.sub("//\\w+@", "//app@", server[0])
        assert customersms("ledger", "migrate", owner, "--grant", "texts").status == 0
    begins = asked[0].words[1:3] == ["campaign", "run"] and "people.csv" in asked[0].words
    ledger = re.search(r"--ledger \"?([^\"\s]+)|campaign move (\S+)", block)
    if ledger is not None and not begins:
        begun = customersms(*BEGUN, ledger[1] or ledger[2], "--yes", **there)
        assert begun.status in WELL, begun.words


def run(
    customersms: Commands, command: Command, there: dict[str, str], listening: Callable[[], set[int]]
) -> tuple[str, int]:
    """Run a command, say yes to what it asks, and give what it showed, and how it ended.

    ``listening`` are the workers that listen for jobs: one more says of one that prints nothing that it works.
    """
    words, into = command.words[1:], ""
    if ">" in words:
        words, into = words[:-2], words[-1]
    until_told = UNTIL_TOLD.search(" ".join(words))
    if not until_told:
        ended = customersms(*words, **there)
        if into:
            customersms.write(into, ended.out)
        if "there is nobody to ask" not in ended.words:
            return ended.out + ended.err, ended.status
    begun = command.prints or [BEGUN_ONCE[word] for word in words if word in BEGUN_ONCE]
    before = listening() if until_told and not begun else set()
    terminal = customersms.in_terminal_of(300, None, *words, **there)
    terminal.type("y\n" * 3)
    if until_told:
        until(lambda: has_printed(begun, terminal.shown) if begun else listening() - before)
        terminal.process.send_signal(signal.SIGINT)
    status = terminal.end()
    return terminal.shown, 0 if until_told and status == 130 else status
