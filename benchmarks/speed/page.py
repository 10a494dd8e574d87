"""What the page of a campaign of a million costs: ``python -m benchmarks.speed.page [RECIPIENTS] [LEDGER]``.

The command serves it in a process of its own, whose CPU is read from ``/proc``; one program watches, as one browser
does. Without LEDGER one is made, of which a tenth was sent to. Prints each figure beside its target.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.shared.phones import phone
from customersms_async import Outcome, Status
from customersms_async._core.intake import Letter
from customersms_async._core.rulings import Ruling
from customersms_async.campaign.ledger_opening import open_ledger
from customersms_async.campaign.rows import Intent
from customersms_async.campaign.wanted import WantedChange
from customersms_async.campaign.wanted_states import WantedEvent

from .ledger import BATCH, TERMS

if TYPE_CHECKING:
    from customersms_async.campaign.protocol import CampaignLedger

SECONDS: Final = 30.0
"""How long each share of a core is measured for."""
EVERY: Final = 0.6
"""Seconds from one request to the next: a hundred in a minute, as the documented limits allow."""
TICK: Final = os.sysconf("SC_CLK_TCK")


async def fill(path: Path, recipients: int) -> None:
    """Make a ledger, of whose recipients every tenth was sent to."""
    ledger = await open_ledger(path)
    await ledger.add([Letter(phone(number), "Doors open at eight") for number in range(recipients)], None, None, ())
    await run(ledger, recipients // 10 // BATCH)
    await ledger.close()


async def run(ledger: CampaignLedger, requests: int, pause: float = 0.0) -> None:
    """Run it for so many requests, each of which leaves some rejected and one unknown."""
    await ledger.become_runner()
    await ledger.want(WantedChange(event=WantedEvent.BEGUN, by="benchmark", terms=TERMS))
    start, left = 0, requests
    while left and (page := await ledger.planned(start)):
        start = page[-1].id + 1
        for at in range(0, min(left * BATCH, len(page)), BATCH):
            some = page[at : at + BATCH]
            intent = Intent([one.id for one in some], None, 30.0)
            await ledger.begin(intent)
            outcomes = [Outcome(one.id, one.phone, Status.ACCEPTED, f"msg_{one.id:06}") for one in some]
            for number, status, code in ((0, Status.UNKNOWN, "NO_ANSWER"), (1, Status.REJECTED, "NOT_ALLOWED")):
                one = some[number]
                outcomes[number] = Outcome(one.id, one.phone, status, None, "as it says", code)
            await ledger.record(intent, Ruling(outcomes, status_code=200))
            left -= 1
            await asyncio.sleep(pause)
    await ledger.leave_running()


class Watcher(threading.Thread):
    """One who watches the page; ``sections`` are what it was told last."""

    def __init__(self, port: int, path: str) -> None:
        super().__init__(daemon=True)
        self._port, self._path = port, path
        self.sections: dict[str, Any] = {}

    def run(self) -> None:
        """Read until the page ends."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        connection.request("GET", self._path)
        answer = connection.getresponse()
        answer.read()
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        connection.request("GET", "/events", headers={"Cookie": cookie})
        answer, name = connection.getresponse(), ""
        for line in answer:
            kind, _, said = line.decode().strip().partition(": ")
            name = said if kind == "event" else name
            if kind == "data":
                self.sections[name] = json.loads(said)


def cpu(process: int) -> float:
    """Seconds of CPU that a process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def share(process: int, seconds: float) -> str:
    """The share of a core that a process takes for so long."""
    began, before = time.monotonic(), cpu(process)
    time.sleep(seconds)
    return f"{(cpu(process) - before) / (time.monotonic() - began):6.2%} of a core (target below 2%)"


async def go_on(path: Path) -> None:
    """Run it for as long as a share is measured, at the pace of the documented limits."""
    ledger = await open_ledger(path)
    await run(ledger, int(SECONDS / EVERY), EVERY)
    await ledger.close()


def measure(path: Path) -> None:
    """Serve the page of a ledger, watch it, and print what that costs."""
    command = [sys.executable, "-m", "customersms_async", "campaign", "serve", "--ledger", str(path)]
    page = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own command
    assert page.stdout is not None
    try:
        found = re.search(r":(\d+)(/\?token=\S+)", page.stdout.readline())
        assert found is not None
        before = cpu(page.pid)
        watcher = Watcher(int(found[1]), found[2])
        watcher.start()
        while "doubts" not in watcher.sections:
            time.sleep(0.001)
        print(f"first answer      {1e3 * (cpu(page.pid) - before):6.0f} ms of CPU (target 100)")
        began = time.monotonic()
        print(f"it looks through  {share(page.pid, min(SECONDS, 10.0))}")
        while watcher.sections["codes"]["share"] < 100:
            time.sleep(0.1)
        print(f"... for           {time.monotonic() - began:6.0f} s")
        print(f"nothing goes on   {share(page.pid, SECONDS)}")
        again = [sys.executable, "-m", "benchmarks.speed.page", "run", str(path)]
        running = subprocess.Popen(again)  # noqa: S603 - this program
        time.sleep(2.0)
        print(f"a run goes on     {share(page.pid, SECONDS - 4.0)}")
        running.wait()
    finally:
        page.terminate()
        page.wait()


def main() -> None:
    """Do as the command line says."""
    if sys.argv[1:2] == ["run"]:
        asyncio.run(go_on(Path(sys.argv[2])))
        return
    recipients = int(sys.argv[1]) if sys.argv[1:] else 1_000_000
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} processors, {recipients:,}"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[2]) if sys.argv[2:] else Path(folder) / "page.ledger"
        if not path.exists():
            asyncio.run(fill(path, recipients))
        measure(path)


if __name__ == "__main__":
    main()
