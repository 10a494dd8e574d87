"""A ledger in a database beside one in a file: ``python -m benchmarks.fleet.ledgers``.

Needs PostgreSQL, and ``PYTHONPATH=tests`` for the private server that it starts, which waits for its disk as any other
does. Both ledgers are on one disk and take turns, request by request, so that what is noise for one is noise for the
other. Prints JSON: milliseconds (median) of an intent and the record of its answer for 100 recipients, pairs of them a
second with 1, 4 and 16 at a time, seconds to add so many recipients and to go on at nine tenths of them; and the ratio
of the database to the file.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.fleet.sizes import SETTINGS
from customersms_async._core.intake import Letter
from customersms_async._core.rulings import Ruling
from customersms_async.campaign.ledger_opening import open_ledger
from customersms_async.campaign.rows import Intent
from customersms_async.models import Outcome, Status
from customersms_async.testing._contract.ledger_hosts import BEGUN
from support.postgres_servers import postgres_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from customersms_async.campaign.protocol import CampaignLedger

SIZE: Final = 100
TURNS: Final = 300
AT_A_TIME: Final = (1, 4, 16)


def phone(place: int) -> str:
    """The number of the recipient at this place."""
    return f"+1212{place:07}"


async def filled(place: str | Path, people: int) -> tuple[CampaignLedger, float]:
    """A ledger with so many recipients whose run is wanted, and the seconds that adding them took."""
    ledger = await open_ledger(place)
    began = time.perf_counter()
    await ledger.add((Letter(phone=phone(each), text="Hi") for each in range(people)), "Hi", None, ())
    took = time.perf_counter() - began
    await ledger.become_runner()
    await ledger.want(BEGUN)
    return ledger, took


async def pair(ledger: CampaignLedger, start: int) -> float:
    """Seconds of an intent and the record of its answer, for the recipients from ``start`` on."""
    places = range(start, start + SIZE)
    outcomes = [Outcome(place, phone(place), Status.ACCEPTED, f"id-{place}", None, None) for place in places]
    intent, began = Intent(places, None, 30.0), time.perf_counter()
    await ledger.begin(intent)
    await ledger.record(intent, Ruling(outcomes))
    return time.perf_counter() - began


async def a_second(ledger: CampaignLedger, tasks: int, starts: Iterator[int]) -> float:
    """Pairs a second by so many tasks."""
    done, began = 0, time.perf_counter()

    async def work() -> None:
        nonlocal done
        for start in starts:
            await pair(ledger, start)
            done += 1

    await asyncio.gather(*(work() for _ in range(tasks)))
    return done / (time.perf_counter() - began)


async def measure(places: dict[str, str | Path], people: int) -> dict[str, dict[str, float]]:
    """The figures of each ledger."""
    ledgers, figures = {}, {}
    for name, place in places.items():
        ledgers[name], took = await filled(place, people)
        figures[name] = {"added_s": took}
    times: dict[str, list[float]] = {name: [] for name in ledgers}
    for turn in range(TURNS):
        for name, ledger in ledgers.items():
            times[name].append(await pair(ledger, turn * SIZE))
    following = TURNS * SIZE
    for name in ledgers:
        figures[name]["pair_ms"] = 1e3 * statistics.median(times[name])
    for tasks in AT_A_TIME:
        for name, ledger in ledgers.items():
            starts = iter(range(following, following + TURNS * SIZE, SIZE))
            figures[name][f"pairs_a_second_{tasks}"] = await a_second(ledger, tasks, starts)
        following += TURNS * SIZE
    for name, ledger in ledgers.items():
        began = time.perf_counter()
        await ledger.planned(people * 9 // 10)
        figures[name]["goes_on_s"] = time.perf_counter() - began
        await ledger.close()
    return figures


def main() -> None:
    """Measure, and print the figures."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with postgres_server(**SETTINGS) as server, tempfile.TemporaryDirectory() as folder:
        places: dict[str, str | Path] = {
            "database": f"{server.url()}#benchmark",
            "file": Path(folder, "benchmark.ledger"),
        }
        figures = asyncio.run(measure(places, people))
    pairs = zip(figures["database"].items(), figures["file"].values(), strict=True)
    figures["ratio"] = {name: value / beside for (name, value), beside in pairs}
    rounded = {kind: {name: round(value, 3) for name, value in each.items()} for kind, each in figures.items()}
    print(json.dumps({"people": people, **rounded}, indent=1))


if __name__ == "__main__":
    main()
