"""A campaign of a million, each target beside what was measured: ``python -m benchmarks.speed.ledger [RECIPIENTS]``.

Every part runs in a process of its own, as the command runs it; memory is what the peak grew by after the imports.
"""

from __future__ import annotations

import asyncio
import io
import platform
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from customersms_async import DOCUMENTED_LIMITS, Campaign, Outcome, Status
from customersms_async._core.rulings import Ruling
from customersms_async.campaign.guards import GuardTerms
from customersms_async.campaign.rows import Intent
from customersms_async.campaign.states import State
from customersms_async.campaign.terms import CampaignTerms
from customersms_async.campaign.wanted import WantedChange
from customersms_async.campaign.wanted_states import WantedEvent
from customersms_async.cli.campaign.export import export_entries
from customersms_async.cli.campaign.ledger_place import read_ledger_place
from customersms_async.cli.campaign.looking_options import ExportFormat
from customersms_async.cli.campaign.started_campaign import read_ledger
from customersms_async.cli.send.job import Job

BATCH = 100
TERMS = CampaignTerms(
    url="https://sms.example.com/",
    key_id="0" * 24,
    key_label=None,
    limits=DOCUMENTED_LIMITS,
    pace=None,
    guards=GuardTerms(),
)
MESSAGES = {"same": "Doors open at eight", "own": "Hi {name}, your seat is {seat}"}


def people(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("phone,name,seat\n")
        file.writelines(f"+1212{i:07},Person {i},{i % 997}\n" for i in range(count))


def peak() -> float:
    """Megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def add(folder: Path, kind: str) -> str:
    job = Job.of_file(folder / "people.csv", MESSAGES[kind], phone_column=None, encoding="utf-8", delimiter=None)
    before, began, cpu = peak(), time.perf_counter(), time.process_time()
    async with Campaign.open(folder / f"{kind}.ledger") as campaign:
        await campaign.ledger.add(job, MESSAGES[kind], None, ())
        count = (await campaign.counts())[State.PLANNED]
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    rates = f"{count / seconds:9,.0f} a second, {count / cpu:,.0f} a second of CPU (target 50,000)"
    return f"{rates}, {peak() - before:.0f} MB more (target 60)"


async def send(folder: Path, kind: str) -> str:
    """What the ledger costs a request: everyone is recorded as accepted, without a gateway."""
    times: list[float] = []
    async with Campaign.open(folder / f"{kind}.ledger") as campaign:
        ledger, start = campaign.ledger, 0
        await ledger.become_runner()
        await ledger.want(WantedChange(event=WantedEvent.BEGUN, by="benchmark", terms=TERMS))
        while page := await ledger.planned(start):
            start = page[-1].id + 1
            for at in range(0, len(page), BATCH):
                some = page[at : at + BATCH]
                outcomes = [Outcome(one.id, one.phone, Status.ACCEPTED, f"msg_{one.id:06}") for one in some]
                began = time.perf_counter()
                intent = Intent([one.id for one in some], None)
                await ledger.begin(intent)
                await ledger.record(intent, Ruling(outcomes, status_code=200))
                times.append(time.perf_counter() - began)
    slowest = statistics.quantiles(times, n=100)[98]
    return (
        f"{statistics.mean(times) * 1e3:9.2f} ms a request of {BATCH}, 1 in 100 above {slowest * 1e3:.2f} (target 15)"
    )


async def opened(folder: Path, kind: str) -> str:
    await asyncio.sleep(0)
    began = time.perf_counter()
    found = await asyncio.to_thread(read_ledger, read_ledger_place(f"{folder}/{kind}.ledger"), must_exist=True)
    seconds = time.perf_counter() - began
    assert found is not None
    assert found.planned == 0
    program = str(Path(sys.executable).with_name("customersms"))
    command = [program, "campaign", "status", "--ledger", f"{kind}.ledger"]
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603, ASYNC221
    whole = time.perf_counter() - began
    return f"{seconds:9.3f} s to open and count, {whole:.2f} s for the whole command (target 1)"


async def export(folder: Path, kind: str) -> str:
    class Counting(io.StringIO):
        lines = 0

        def write(self, text: str) -> int:
            Counting.lines += text.count("\n")
            return len(text)

    before, began = peak(), time.perf_counter()
    sys.stdout, stdout = Counting(), sys.stdout
    await export_entries(read_ledger_place(f"{folder}/{kind}.ledger"), ExportFormat.CSV, list(State))
    sys.stdout = stdout
    return f"{Counting.lines / (time.perf_counter() - began):9,.0f} rows a second, {peak() - before:.0f} MB more"


PARTS = {"add": add, "send": send, "status": opened, "export": export}


def main(count: int) -> None:
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}; {count:,} people"
    )
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        people(folder / "people.csv", count)
        for kind in MESSAGES:
            for part in PARTS:
                command = [sys.executable, "-m", "benchmarks.speed.ledger", part, name, kind]
                out = subprocess.run(command, check=True, capture_output=True)  # noqa: S603
                print(f"{kind:5} {part:7} {out.stdout.decode().rstrip()}", flush=True)
            with (folder / f"{kind}.ledger").open("rb") as file:
                print(f"{kind:5} file    {file.seek(0, io.SEEK_END) / 1e6:9.0f} MB", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        print(asyncio.run(PARTS[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
