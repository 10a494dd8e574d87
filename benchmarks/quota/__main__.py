"""The quota in numbers, beside other rate limiters: ``python -m benchmarks.quota [--full]``.

Needs ``pip install -e '.[redis]' -r benchmarks/requirements.txt``, best in an environment of its own, and
``redis-server`` for the rows with Redis. The quick form takes a minute or two and prints its tables; ``--full`` takes
a quarter of an hour, and also writes ``docs/quota.md`` and ``docs/quota.svg``.

Every rival runs in a fresh process, one at a time and in turns. What is timed is given as a ratio to what ran beside
it, as the seconds depend on the machine.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.quota import caps
from benchmarks.quota.campaign import SCENARIOS
from benchmarks.quota.picture import draw
from benchmarks.quota.report import Ratio, document
from benchmarks.quota.rivals import RIVALS
from benchmarks.quota.stores import redis_server
from benchmarks.quota.waiters import THERE
from benchmarks.shared.processes import DOCS, child, in_turns, machine, pinned, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEMORY = Path("/dev/shm")  # noqa: S108 - a new folder is made in it
STORY = "Three jobs of 200 texts, five minutes apart; every request and every answer takes 20 to 500 ms"


class Effort(NamedTuple):
    """How much of everything: campaign sizes, rounds, grants in a round, waiters (few, many), calls to a store."""

    counts: tuple[int, ...]
    rounds: int
    grants: int
    waiters: tuple[int, int]
    calls: int


QUICK = Effort((100, 150, 1_000, 5_000), 1, 20_000, (12_500, 50_000), 500)
FULL = Effort((100, 150, 1_000, 5_000, 20_000, 50_000, 60_000), 5, 50_000, (12_500, 100_000), 2_000)


def campaigns(effort: Effort) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found = {}
    for scenario in SCENARIOS:
        for rival in RIVALS:
            say(f"virtual time: {rival}, {SCENARIOS[scenario].title}")
            found[rival, scenario] = child("quota.campaign", rival, scenario, *effort.counts)
    return found


def grants(effort: Effort) -> list[Ratio]:
    rivals = ("take fresh", "three", "take worn", "one", "room fresh", "room worn")
    rounds = in_turns("quota.costs", [(rival, effort.grants) for rival in rivals], 2 * effort.rounds + 1)
    cpu = {rival: rounds[rival, str(effort.grants)] for rival in rivals}
    what, three, one = "a grant in memory", "three stacked `AsyncLimiter.acquire`", "one `AsyncLimiter.acquire`"
    return [
        Ratio(f"{what}, fresh", cpu["take fresh"], three, cpu["three"], "0.5"),
        Ratio(f"{what}, worn", cpu["take worn"], three, cpu["three"], "0.5"),
        Ratio(f"{what}, fresh", cpu["take fresh"], one, cpu["one"], "about 1"),
        Ratio(f"{what}, worn", cpu["take worn"], one, cpu["one"], "about 1"),
        Ratio("the same through the waiting room, fresh", cpu["room fresh"], three, cpu["three"]),
        Ratio("the same through the waiting room, worn", cpu["room worn"], three, cpu["three"]),
    ]


def waiters(effort: Effort) -> tuple[list[Ratio], list[list[str]]]:
    few, many = effort.waiters
    rivals = ("ours", "three", "one", "future")
    measures = [("cpu", rival, count) for rival in rivals for count in effort.waiters]
    cpu = in_turns("quota.waiters", measures, effort.rounds)
    memory = in_turns("quota.waiters", [("memory", rival, few) for rival in rivals], 1)
    lost = in_turns("quota.waiters", [("fairness", rival, THERE) for rival in rivals[:-1]], 1)

    def at(rival: str, count: int) -> list[float]:
        return cpu["cpu", rival, str(count)]

    def beyond(rival: str, count: int) -> list[float]:
        return [mine - bare for mine, bare in zip(at(rival, count), at("future", count), strict=True)]

    what = f"{many:,} waiters, CPU a grant"
    ratios = [
        Ratio(what, at("ours", many), "three stacked buckets", at("three", many), "0.25"),
        Ratio(what, at("ours", many), "one bucket", at("one", many)),
        Ratio(what, at("ours", many), "a bare future", at("future", many)),
        Ratio(f"{what}, less the bare future's", beyond("ours", many), "three stacked buckets", beyond("three", many)),
        *(
            Ratio(f"{name}: {many:,} waiters", at(rival, many), f"{few:,} waiters", at(rival, few), target)
            for rival, name, target in (
                ("ours", "customersms_async", "1"),
                ("three", "three stacked buckets", ""),
                ("one", "one bucket", ""),
                ("future", "a bare future", ""),
            )
        ),
        Ratio(
            f"customersms_async, less the bare future's: {many:,} waiters",
            beyond("ours", many),
            f"{few:,} waiters",
            beyond("ours", few),
            "1",
        ),
    ]
    facts = [
        ["memory of a waiter", *(f"{memory['memory', rival, str(few)][0]:,.0f} bytes" for rival in rivals)],
        ["places lost", *(f"{lost['fairness', rival, str(THERE)][0]:,.0f}" for rival in rivals[:-1]), ""],
    ]
    return ratios, facts


def stores(effort: Effort) -> list[Ratio]:
    redis: list[Mapping[str, float]] = []
    sqlite: list[Mapping[str, float]] = []
    for number in range(effort.rounds):
        say(f"quota.stores, round {number + 1} of {effort.rounds}")
        with redis_server() as url:
            if url is not None:
                redis += child("quota.stores", "redis", url, effort.calls)
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            sqlite += child("quota.stores", "sqlite", folder, effort.calls)

    def beside(rounds: Sequence[Mapping[str, float]], mine: str, other: str, target: str = "") -> Ratio:
        return Ratio(mine, [each[mine] for each in rounds], other, [each[other] for each in rounds], target)

    ratios = [
        beside(sqlite, "SQLite: take", "a bare transaction, synced"),
        beside(sqlite, "SQLite: settle", "a bare transaction, not synced"),
    ]
    if redis:
        ratios += [
            beside(redis, "Redis: take", "the bare client's EVALSHA of it", "below 2"),
            beside(redis, "Redis: settle", "the bare client's EVALSHA of that"),
            beside(redis, "Redis: take", "PING"),
            Ratio("Redis: round trips", [each["round trips"] for each in redis], "a call", [1.0] * len(redis), "1"),
        ]
    return ratios


def sizes() -> dict[str, Mapping[str, int]]:
    """Bytes of a key that has sent for a day, by store."""
    found: dict[str, Mapping[str, int]] = {}
    say("quota.memory")
    with redis_server() as url, tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        for store, place in (("memory", "-"), ("sqlite", folder), ("redis", url)):
            if place is not None:
                (found[store],) = child("quota.memory", store, place)
    return found


def main(full: bool) -> None:
    pins, effort = pinned(), FULL if full else QUICK
    versions = ", ".join(f"{name} {pin}" for name, pin in pins.items())
    print(f"{machine()}; {versions}", flush=True)
    found = campaigns(effort)
    many, facts = waiters(effort)
    ratios = {"grant": grants(effort), "waiters": many, "stores": stores(effort)}
    text = document(machine(), found, pins, ratios, facts, sizes()) + caps.section()
    print(text)
    if full:
        ours, stacked = (child("quota.campaign", rival, "picture")[0] for rival in ("ours", "stacked"))
        (DOCS / "quota.svg").write_text(draw(ours, stacked, STORY))
        (DOCS / "quota.md").write_text(text)


if __name__ == "__main__":
    main("--full" in sys.argv[1:])
