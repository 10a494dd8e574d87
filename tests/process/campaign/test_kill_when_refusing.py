"""A campaign whose people hit caps and say no at the last moment, killed (SIGKILL) at every step of turning them away.

The promise: no second request ever contains a recipient of the campaign unless the first was proven not accepted or a
named person said so; every recipient ends in a recorded state; what can't be proven is listed as unknown, at most
requests in flight times batch size per crash.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from customersms_async import Campaign, Limit
from customersms_async.campaign.states import State
from customersms_async.sandbox import Sandbox
from support.killing import KILLED, functions_of, statements
from support.ledger_aging import let_minutes_pass
from support.refusing_run import BATCH, IN_FLIGHT, KEY, LATE, MESSAGES, PHONES, RefusingRuns, add, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from customersms_async.campaign.rows import Entry

PARTS = 3


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(keys={KEY: 1_000_000}, limits=(Limit(1_000_000, 1),))
    with sandbox.serve_in_thread():
        yield sandbox


@pytest.fixture
def runs() -> Iterator[RefusingRuns]:
    runs = RefusingRuns()
    yield runs
    runs.close()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder in memory where there is such a place: a kill loses nothing there that it would not lose on a disk."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder in it is our own
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def steps(runs: RefusingRuns, folder: Path, sandbox: Sandbox) -> list[str]:
    """The steps that an undisturbed run comes to, in the order of their first time."""
    asyncio.run(add(folder))
    assert runs.run(folder, sandbox.url, log=str(folder / "steps.txt")) == 0
    check(asyncio.run(entries(folder)), sandbox)
    sandbox.reset()
    functions = functions_of("refusing")
    starts = {name: statements(name) for name in functions}
    found = [step.split(":") for step in (folder / "steps.txt").read_text(encoding="utf-8").split()]
    return [
        f"{name}:{function}:{line}"
        for name, function, line in found
        if function in functions.get(name, ()) and int(line) in starts[name]
    ]


async def entries(folder: Path) -> list[Entry]:
    async with Campaign.open(folder / "ledger", create=False) as campaign:
        return [entry async for page in campaign.pages() for entry in page]


def check(found: list[Entry], sandbox: Sandbox) -> None:
    """Everyone is in a recorded end that is true, and nobody has got two texts, or one after saying no."""
    texts = Counter(text.phone for text in sandbox.texts)
    assert set(texts.values()) <= {1}
    assert not texts.keys() & LATE
    assert len(found) == len(MESSAGES)
    assert {entry.state for entry in found} <= {State.ACCEPTED, State.UNKNOWN, State.SKIPPED}
    for entry in found:
        if entry.state is State.ACCEPTED:
            assert entry.phone in texts
        elif entry.state is State.SKIPPED:
            assert entry.code == "CAPPED" or (entry.code == "SUPPRESSED" and entry.phone in LATE)
            assert entry.error
    for phone in set(PHONES) - LATE:
        sent = [entry for entry in found if entry.phone == phone and entry.state is not State.SKIPPED]
        assert sent, "a cap lets one of two texts through"


async def decide(folder: Path, sandbox: Sandbox) -> None:
    """What a person says who can look into the gateway's books."""
    texts = {text.phone for text in sandbox.texts}
    doubtful = {entry.phone for entry in await entries(folder) if entry.state is State.UNKNOWN}
    async with Campaign.open(folder / "ledger") as campaign:
        await campaign.resolve(doubtful & texts, as_="accepted", by="Ann")
        await campaign.resolve(doubtful - texts, as_="planned", by="Ann")


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_step_of_turning_somebody_away(
    runs: RefusingRuns, sandbox: Sandbox, place: Path, part: int
) -> None:
    """Every step has its turn in one of the parts, each with a campaign of its own."""
    first = place / "first"
    first.mkdir()
    numbered = steps(runs, first, sandbox)
    assert len(numbered) > 90
    missed = []
    for number, step in enumerate(numbered[part::PARTS]):
        folder = place / str(number)
        folder.mkdir()
        asyncio.run(add(folder))
        if runs.run(folder, sandbox.url, step=step) != KILLED:
            missed.append(step)
        unknown = sum(entry.state is State.UNKNOWN for entry in asyncio.run(entries(folder)))
        assert unknown <= BATCH * IN_FLIGHT, step
        asyncio.run(run(str(folder), sandbox.url))
        check(asyncio.run(entries(folder)), sandbox)
        let_minutes_pass(folder / "ledger")
        asyncio.run(decide(folder, sandbox))
        asyncio.run(run(str(folder), sandbox.url))
        check(asyncio.run(entries(folder)), sandbox)
        assert {text.phone for text in sandbox.texts} == set(PHONES) - LATE, step
        sandbox.reset()
    assert len(missed) <= 0.1 * len(numbered[part::PARTS]), missed
