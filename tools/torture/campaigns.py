"""Campaigns in the world of their users, for as long as it is told to.

Runs are killed, stopped and left while the ledger is opened and closed by their own process and by others, moved, and
forked with, and while people suppress and resolve.

The gateway is the sandbox, in this process; everything else is a process of its own. The judge counts who was texted
twice, who was lost (said to be accepted and never came, or never sent to), and who was texted although suppressed.

``python -m tools.torture.campaigns --seconds 300 --seed 7`` prints what was done, and ends with status 1 if anything is
wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customersms_async import Campaign, LedgerError, Limit
from customersms_async.sandbox import Fault, Sandbox
from tools.torture.campaign_processes import KEY, PATIENCE, Process

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("spring.ledger", "summer.ledger", "archive/spring.ledger")
SIDES = ("-wal", "-shm")
LATENCY = 0.2


class Torture:
    """The world: the gateway, the ledger wherever it is, who is suppressed since when, and what was done."""

    def __init__(self, folder: Path, sandbox: Sandbox, url: str, dice: random.Random, people: int) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.url = url
        self.dice = dice
        self.path = folder / NAMES[0]
        (folder / "archive").mkdir()
        self.done: Counter[str] = Counter()
        self.runs: list[Process] = []
        self.others: list[Process] = []
        self.suppressed_since: dict[str, int] = {}  # how many texts had come by then
        self._just_suppressed: list[str] = []
        self.to_suppress: list[str] = []
        self.wrong: list[str] = []
        self.refusal = ""
        self.story: list[str] = []
        self.phones = [f"+1212{number:07}" for number in range(people)]

    def start(self, act: str, **order: Any) -> Process:
        """Begin a process that does ``act``."""
        self.done[act] += 1
        return Process(self.folder, act=act, path=str(self.path), seed=self.dice.randrange(10**9), **order)

    def step(self) -> None:
        """Do one thing."""
        self.notice()
        act: Callable[[], None] = self.dice.choice(
            [
                *(self.run, self.run, self.run, self.kill, self.stop, self.status, self.status, self.sqlite),
                *(self.move, self.move_all, self.suppress, self.resolve, self.hurt, self.other_tool),
            ]
        )
        self.story.append(f"{act.__name__} {self.path.relative_to(self.folder)} {[len(self.runs), len(self.others)]}")
        act()
        time.sleep(self.dice.random() / 4)

    def run(self) -> None:
        """Run the campaign, perhaps beside another run."""
        if sum(run.alive for run in self.runs) < 2:
            phones, self.to_suppress = self.to_suppress, []
            self.runs.append(self.start("run", url=self.url, suppressed=phones, calm=False))

    def kill(self) -> None:
        """Kill a run."""
        if self.runs:
            run = self.dice.choice(self.runs)
            self.done["killed"] += run.alive
            run.signal(signal.SIGKILL)

    def stop(self) -> None:
        """Stop a run for a while, and let it go on or kill it."""
        if self.runs:
            run = self.dice.choice(self.runs)
            self.done["stopped"] += run.alive
            run.signal(signal.SIGSTOP)
            time.sleep(self.dice.choice((0.1, 0.5, 3.0)))
            if self.dice.random() < 0.3:
                self.status()
            run.signal(signal.SIGKILL if self.dice.random() < 0.3 else signal.SIGCONT)

    def status(self) -> None:
        """Look at the ledger from another process, which may be killed."""
        self.others.append(self.start("status"))
        if self.dice.random() < 0.3:
            time.sleep(self.dice.random() / 3)
            self.others[-1].signal(signal.SIGKILL)

    def sqlite(self) -> None:
        """Look at it with SQLite alone."""
        self.others.append(self.start("sqlite"))

    def other_tool(self) -> None:
        """Look with SQLite itself from this process, which keeps none of the ledger's rules."""
        if self.path.exists():
            with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(self.path)) as connection:
                connection.execute("SELECT count(*) FROM recipients").fetchone()
                self.done["other tool"] += 1

    def move(self) -> None:
        """Move the main file alone, whoever runs; a person brings the others when that is what they are told."""
        to = self.elsewhere()
        for side in SIDES:
            if to.with_name(to.name + side).exists():
                return  # what another ledger had
        if self.path.exists():
            self.path.rename(to)
            self.path = to
            self.done["moved alone"] += 1

    def move_all(self) -> None:
        """Move the main file, then the others: for a moment they are apart."""
        before, to = self.path, self.elsewhere()
        self.move()
        if self.path == to:
            self.bring(before)
            self.done["moved together"] += 1

    def elsewhere(self) -> Path:
        """Another name."""
        return self.folder / self.dice.choice([name for name in NAMES if self.folder / name != self.path])

    def bring(self, before: Path) -> None:
        """Move what belongs to the ledger at ``before`` to where it is now."""
        for side in SIDES:
            old = before.with_name(before.name + side)
            if old.exists():
                old.rename(self.path.with_name(self.path.name + side))

    def suppress(self) -> None:
        """Have the next run suppress some more."""
        self.to_suppress += self.dice.sample(self.phones, 3)
        self.done["suppressed"] += 3

    def resolve(self) -> None:
        """A person who can look into the gateway's books says who got the text, and who did not."""
        if any(run.alive for run in self.runs):
            return
        time.sleep(4 * LATENCY)  # a request of a run that was just killed may still be on its way
        came = {text.phone for text in self.sandbox.texts}
        unknown = self.unknown()
        for becomes, arrived in (("accepted", True), ("planned", False)):
            phones = [phone for phone in unknown if (phone in came) is arrived]
            if becomes == "planned" and phones:
                self.let_minutes_pass()
            self.start("resolve", phones=phones, **{"as": becomes}).end()

    def hurt(self) -> None:
        """Have the gateway cut a few answers."""
        fault = self.dice.choice((Fault.JSON_CUT, Fault.RESET_AFTER, Fault.CLOSE_BEFORE, Fault.STATUS_502))
        self.sandbox.misbehave({self.dice.randrange(1, 20): fault})
        self.done["hurt"] += 1

    def notice(self) -> None:
        """See which runs have ended or begun to send, and have been refused."""
        for phone in self._just_suppressed:  # a step later, as a request of a killed run may still have been on its way
            self.suppressed_since.setdefault(phone, len(self.sandbox.texts))
        self._just_suppressed.clear()
        for run in self.runs:
            if run.suppressed and any(line.startswith("+") for line in run.said()):
                self._just_suppressed += run.suppressed
                run.suppressed = []
        for run in [run for run in self.runs if not run.alive]:
            self.runs.remove(run)
            said = run.end()
            self.to_suppress += run.suppressed
            refusal = next((line for line in said if line.startswith("refused")), "")
            if "which is not here" in refusal:
                self.done["refused: no -wal"] += 1
                self.help()
            elif refusal:
                self.done["refused"] += 1
            crashes = [line for line in said if line.startswith("Traceback")]
            if crashes:
                self.wrong.append("\n".join(said[-12:]))
        for process in [process for process in self.others if not process.alive]:
            self.others.remove(process)
            said = process.end()
            if any(line.startswith("Traceback") for line in said) and "sqlite3" not in " ".join(said):
                self.wrong.append("\n".join(said[-12:]))

    def help(self) -> None:
        """Bring the -wal that belongs to the ledger, as the refusal says, once programs with SQLite alone have ended.

        Runs and looks at the status go on.
        """
        if self.has_wal(self.path):
            return
        for process in self.others:
            if process.act == "sqlite":
                process.process.wait(PATIENCE)
        for name in NAMES:
            other = self.folder / name
            if other != self.path and self.has_wal(other) and not other.exists():
                self.bring(other)
                return

    def has_wal(self, path: Path) -> bool:
        """Whether there is something in its -wal."""
        wal = path.with_name(path.name + "-wal")
        return wal.exists() and wal.stat().st_size > 0

    def unknown(self) -> list[str]:
        """Who is unknown."""
        return [phone for phone, words in self.told().items() if words.startswith("unknown")]

    def let_minutes_pass(self) -> None:
        """Make all attempts long over."""
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as db,
        ):
            (trigger,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'kept_attempts_UPDATE'").fetchone()
            db.execute("BEGIN IMMEDIATE")
            db.execute("DROP TRIGGER kept_attempts_UPDATE")
            db.execute("UPDATE attempts SET deadline_us = deadline_us - 700000000")
            db.execute(trigger)
            db.execute("COMMIT")

    def begin(self) -> None:
        """Put everyone into a new ledger."""

        async def add() -> None:
            async with Campaign.open(self.path) as campaign:
                await campaign.add(self.phones, "Hello")

        asyncio.run(add())

    def finish(self) -> dict[str, str]:
        """End everything, run to the end, and give what the ledger says of everyone."""
        for process in [*self.runs, *self.others]:
            process.signal(signal.SIGKILL)
            process.process.wait(PATIENCE)
        self.notice()
        for _ in range(20):
            self.resolve()
            said = self.start("run", url=self.url, suppressed=self.to_suppress, calm=True).end()
            if any("which is not here" in line for line in said):
                self.help()
            told = self.told()
            if not any(words == "unsent" or words.startswith("unknown") for words in told.values()):
                return told
        states = Counter(told.values())
        self.wrong.append(f"it does not come to its end: {self.refusal or said[-5:]}: {states}: {self.story[-30:]}")
        return told

    def told(self) -> dict[str, str]:
        """What the ledger says of everyone."""

        async def ask() -> dict[str, str]:
            async with Campaign.open(self.path, create=False) as campaign:
                return {o.phone: f"{o.status} {o.code or ''}".strip() async for o in campaign.outcomes()}

        try:
            return asyncio.run(ask())
        except LedgerError as error:
            there = ", ".join(f"{file.relative_to(self.folder)} {file.stat().st_size}" for file in self.files())
            self.refusal = f"{error}: {there}: {self.story[-30:]}"
            return dict.fromkeys(self.phones, "unsent")

    def files(self) -> list[Path]:
        """All that may be of the ledger."""
        return sorted(file for file in self.folder.rglob("*") if "ledger" in file.name)

    def judge(self, told: dict[str, str]) -> list[str]:
        """What is wrong."""
        wrong = self.wrong
        came = Counter(text.phone for text in self.sandbox.texts)
        wrong += [f"{phone} was texted {count} times" for phone, count in came.items() if count > 1]
        for phone in self.phones:
            if told[phone] == "accepted" and phone not in came:
                wrong.append(f"{phone} is lost: said to be accepted, and never came")
            elif told[phone] != "accepted" and phone in came and not told[phone].startswith("unknown"):
                wrong.append(f"{phone} came, and is said to be {told[phone]}")
            elif told[phone] not in ("accepted", "unsent SUPPRESSED") and not told[phone].startswith("unknown"):
                wrong.append(f"{phone} is lost: {told[phone]}")
        for number, text in enumerate(self.sandbox.texts):
            since = self.suppressed_since.get(text.phone)
            if since is not None and number >= since:
                wrong.append(f"{text.phone} was texted although suppressed, {number - since} texts later")
        return wrong


def torture(seconds: float, seed: int, people: int) -> list[str]:
    """Torture campaigns of so many people for so long; gives what is wrong."""
    wrong: list[str] = []
    until, dice = time.monotonic() + seconds, random.Random(seed)
    done: Counter[str] = Counter()
    while time.monotonic() < until and not wrong:
        sandbox = Sandbox(keys={KEY: 10**9}, limits=(Limit(10**6, 1),), latency=(0.0, LATENCY))
        with tempfile.TemporaryDirectory() as folder, sandbox.serve_in_thread() as url:
            world = Torture(Path(folder), sandbox, url, dice, people)
            world.begin()
            part = min(until, time.monotonic() + 40)
            while time.monotonic() < part:
                world.step()
            wrong += world.judge(world.finish())
            done += world.done
            done["texts"] += len(sandbox.texts)
            print(f"{max(0.0, until - time.monotonic()):5.0f} s left  {dict(done)}", flush=True)
    return wrong


def main() -> int:
    """Torture, and say what is wrong."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--seconds", type=float, default=900)
    asks.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    asks.add_argument("--people", type=int, default=5_000)
    asked = asks.parse_args()
    print(f"{asked.seconds:.0f} s with seed {asked.seed}")
    wrong = torture(asked.seconds, asked.seed, asked.people)
    print("\n".join(wrong[:20]) or "nothing is wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
