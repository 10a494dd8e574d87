"""What everything costs, beside what people would use instead: ``python benchmarks/speed.py [--full]``.

Needs ``pip install -e '.[all]' -r benchmarks/requirements.txt``; ``make bench`` and ``make bench-full`` do that first.
The quick form takes less than two minutes and leaves its figures in ``.bench``; ``--full`` takes a while, and writes
``docs/speed.md`` and ``docs/speed.json``.

Every rival runs in a fresh process, one at a time and in turns, and its own CPU time is measured. What counts is the
ratio of two medians, as the seconds depend on the machine.
"""

from __future__ import annotations

import json
import sys
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import codec
import request
from fresh import DOCS, HERE, in_turns, machine, pinned, without
from speed_report import document

if TYPE_CHECKING:
    from pathlib import Path

QUICKLY = HERE.parent / ".bench"


class Effort(NamedTuple):
    """How much of everything.

    In this order: rounds, also of the long runs; requests of a rival; numbers in the largest answer; recipients of a
    stream and of a campaign; few and many waiters, clients and keys; rivals in other event loops.
    """

    rounds: int
    long_rounds: int
    requests: int
    numbers: int
    stream: int
    campaign: int
    waiters: tuple[int, int]
    clients: tuple[int, int]
    keys: tuple[int, int]
    loops: tuple[str, ...]


QUICK = Effort(3, 1, 60, 10_000, 100_000, 50_000, (1_250, 12_500), (100, 1_000), (1_000, 10_000), ())
FULL = Effort(
    *(7, 3, 300, 100_000, 1_000_000, 1_000_000, (12_500, 125_000), (1_000, 10_000), (1_000, 10_000)),
    loops=("ours+uvloop", "fast+uvloop", "httpx+uvloop"),
)


def requests(effort: Effort) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of every round, by rival and by numbers and concurrency."""
    with request.serving() as url, without("sniffio") as packages:
        names = [*request.RIVALS, *effort.loops]
        measures = [(name, url, str(effort.requests)) for name in names]
        absent: dict[tuple[str, ...], Path] = {
            each: packages for each in measures if each[0] == "httpx without sniffio"
        }
        rounds = in_turns("request.py", measures, effort.rounds, absent)
    return {each[0]: _by_cell(results) for each, results in rounds.items()}


def codecs(effort: Effort) -> dict[str, dict[str, list[dict[str, float]]]]:
    rounds = in_turns("codec.py", [(name, effort.numbers) for name in codec.RIVALS], effort.rounds)
    return {each[0]: _by_cell(results) for each, results in rounds.items()}


def _by_cell(results: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {cell: [each[cell] for each in results] for cell in results[0]}


def bulk(effort: Effort) -> dict[str, dict[str, float]]:
    """The medians for a stream, a tenth of it, and a campaign."""
    kinds = {
        "a tenth": ("stream", effort.stream // 10, 100),
        "stream": ("stream", effort.stream, 100),
        "campaign": ("campaign", effort.campaign, 1_000),
    }
    rounds = in_turns("bulk.py", kinds.values(), effort.long_rounds)
    found: dict[str, dict[str, float]] = {}
    for kind, arguments in kinds.items():
        cells = _by_cell(rounds[tuple(map(str, arguments))])
        found[kind] = {name: median(values) for name, values in cells.items()} | {"recipients": arguments[1]}
    return found


def growth(effort: Effort) -> dict[str, list[dict[str, float]]]:
    """For each kind of work, few and ten times as many: how many, and time and memory of each."""
    sizes = {"clients": effort.clients, "keys": effort.keys, "busy": effort.clients}
    measures = [(kind, count) for kind, counts in sizes.items() for count in counts]
    rounds = in_turns("growth.py", measures, effort.long_rounds)
    found = {
        kind: [
            {"count": count} | {name: median(values) for name, values in _by_cell(rounds[kind, str(count)]).items()}
            for count in counts
        ]
        for kind, counts in sizes.items()
    }
    waiting = [(what, "ours", count) for what in ("cpu", "memory") for count in effort.waiters]
    waited = in_turns("quota_waiters.py", waiting, effort.long_rounds)
    found["waiters"] = [
        {"count": n, "us": median(waited["cpu", "ours", str(n)]), "bytes": median(waited["memory", "ours", str(n)])}
        for n in effort.waiters
    ]
    return found


def startup(effort: Effort) -> dict[str, list[float]]:
    rounds = in_turns("startup.py", [("ours",), ("dependencies",), ("help",)], effort.rounds)
    return {each[0]: results for each, results in rounds.items()}


def main(full: bool) -> None:
    effort = FULL if full else QUICK
    found = {
        "machine": machine(),
        "versions": pinned(),
        "effort": effort._asdict(),
        "requests": requests(effort),
        "codecs": codecs(effort),
        "bulk": bulk(effort),
        "growth": growth(effort),
        "startup": startup(effort),
    }
    text = document(found)
    print(text)
    folder = DOCS if full else QUICKLY
    folder.mkdir(exist_ok=True)
    (folder / "speed.json").write_text(json.dumps(found, indent=1) + "\n")
    (folder / "speed.md").write_text(text)


if __name__ == "__main__":
    main("--full" in sys.argv[1:])
