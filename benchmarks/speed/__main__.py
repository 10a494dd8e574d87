"""What everything costs, beside what people would use instead: ``python -m benchmarks.speed [--full] [PART…]``.

Needs ``pip install -e '.[all]' -r benchmarks/requirements.txt``; ``make bench`` and ``make bench-full`` do that first.
The quick form takes less than two minutes and leaves its figures in ``.bench``; ``make bench`` has the quick form of
the quota's benchmark follow. ``--full`` takes a while, and writes ``docs/speed.md``, ``docs/speed.json`` and the
pictures beside them. Parts that are named, by the functions below, are measured anew, or where a run ended too soon for
the first time, and the others are those of the run before.

Every rival runs in a fresh process and its own CPU time is measured, while the others wait. What counts is the ratio of
two measurements that were taken beside each other, as the seconds depend on the machine.
"""

from __future__ import annotations

import compileall
import json
import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.shared.processes import DOCS, ROOT, child, in_turns, machine, pinned, say, without
from benchmarks.shared.turns import Process, by_turns
from benchmarks.speed import codec, request
from benchmarks.speed.pictures import pictures
from benchmarks.speed.report import document
from benchmarks.speed.rivals import BLOCKING, RIVALS
from benchmarks.speed.startup import STARTS
from benchmarks.speed.targets import AT_ONCE, BESIDE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Cells = dict[str, dict[str, list[Any]]]

QUICKLY = ROOT / ".bench"


class Effort(NamedTuple):
    """How much of everything.

    In this order: rounds, also of the long runs; requests of a rival, from how many tasks at once; numbers in the
    largest answer; recipients of a stream and of a campaign; few and many waiters, clients, keys, and keys that have
    sent; rivals in uvloop; keys at their full rate, under which limits, for how many windows.
    """

    rounds: int
    long_rounds: int
    requests: int
    concurrencies: tuple[int, ...]
    numbers: int
    stream: int
    campaign: int
    waiters: tuple[int, int]
    clients: tuple[int, int]
    keys: tuple[int, int]
    busy: tuple[int, int]
    uvloop: tuple[str, ...]
    full_rate: tuple[int, str, int]


QUICK = Effort(
    *(2, 1, 25, (1, 8), 10_000, 100_000, 50_000),
    *((1_250, 12_500), (100, 1_000), (1_000, 10_000), (100, 1_000)),
    uvloop=(),
    full_rate=(1_000, "10/6", 1),
)
FULL = Effort(
    *(7, 7, 100, (1, 8, 100), 100_000, 1_000_000, 1_000_000),
    *((12_500, 125_000), (1_000, 10_000), (1_000, 10_000), (1_000, 10_000)),
    uvloop=tuple(name for name in RIVALS if name != BLOCKING),
    full_rate=(1_000, "100/60,5000/3600,50000/86400", 2),
)


def requests(effort: Effort) -> Cells:
    """Milliseconds, by rival and by numbers and concurrency."""
    rivals = [*RIVALS, *(f"{name}+uvloop" for name in effort.uvloop)]
    asked = {name: request.questions(name, effort.concurrencies) for name in rivals}
    with request.serving() as url, without("sniffio") as packages:
        absent = {name: packages for name in rivals if name.startswith("httpx without sniffio")}
        pairs = [*((mine, other) for _, mine, other, _ in BESIDE), *(each[:2] for each in AT_ONCE.values())]
        together = list(dict.fromkeys(name for pair in pairs for name in pair))
        return by_turns("speed.request", asked, effort.rounds, url, effort.requests, together=together, packages=absent)


def codecs(effort: Effort) -> Cells:
    """Microseconds and bytes, by rival and by what is done with how many."""
    asked = codec.questions(effort.numbers)
    return by_turns("speed.codec", dict.fromkeys(codec.RIVALS, asked), effort.rounds)


def bulk(effort: Effort) -> dict[str, dict[str, Any]]:
    """What a stream, a tenth of it, and a campaign cost."""
    kinds = {
        "a tenth": ("stream", effort.stream // 10, 100),
        "stream": ("stream", effort.stream, 100),
        "campaign": ("campaign", effort.campaign, 1_000),
    }
    rounds = in_turns("speed.bulk", kinds.values(), effort.long_rounds)
    return {
        kind: {"recipients": arguments[1], **by_name(rounds[tuple(map(str, arguments))])}
        for kind, arguments in kinds.items()
    }


def growth(effort: Effort) -> dict[str, list[dict[str, Any]]]:
    """For each kind of work, few and ten times as many: how many, and time and memory of each."""
    sizes = {"clients": effort.clients, "keys": effort.keys, "busy": effort.busy, "rested": effort.busy}
    measures = [(kind, count) for kind, counts in sizes.items() for count in counts]
    rounds = in_turns("speed.growth", measures, effort.long_rounds)
    found = {
        kind: [{"count": count, **by_name(rounds[kind, str(count)])} for count in counts]
        for kind, counts in sizes.items()
    }
    waiting = [(what, "ours", count) for what in ("cpu", "memory") for count in effort.waiters]
    waited = in_turns("quota.waiters", waiting, effort.long_rounds)
    found["waiters"] = [
        {"count": n, "us": waited["cpu", "ours", str(n)], "bytes": waited["memory", "ours", str(n)]}
        for n in effort.waiters
    ]
    return found


def by_name(rounds: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    return {name: [each[name] for each in rounds] for name in rounds[0]}


def startup(effort: Effort) -> dict[str, list[float]]:
    source = ROOT / "src"
    compileall.compile_dir(source, quiet=1)  # as pip has done with the dependencies, and does with a wheel
    rounds = in_turns("speed.startup", [(what,) for what in STARTS], 2 * effort.rounds)
    return {each[0]: results for each, results in rounds.items()}


def connections(effort: Effort) -> dict[str, list[float]]:
    """Microseconds of CPU for a request over so many connections, by that number."""
    say("speed.connections")
    rounds = child("speed.connections", 2 * effort.rounds)
    return {count: [each[count] for each in rounds] for count in rounds[0]}


def full_rate(effort: Effort) -> dict[str, Any]:
    say(f"speed.full_rate, {effort.full_rate}")
    with Process("speed.full_rate", *effort.full_rate) as process:
        found: dict[str, Any] = process.read(patience=600.0)
    return found


def written(found: object) -> str:
    """JSON with a line for each list of numbers, of six digits."""
    short = json.loads(json.dumps(found), parse_float=lambda digits: float(f"{float(digits):.6g}"))
    lists = r"\[([-+.,\de\s]+)\]"
    return re.sub(lists, lambda each: f"[{' '.join(each[1].split())}]", json.dumps(short, indent=1)) + "\n"


PARTS = {part.__name__: part for part in (full_rate, startup, connections, requests, codecs, growth, bulk)}


def main(full: bool, names: Sequence[str]) -> None:
    effort = FULL if full else QUICK
    folder, kept = DOCS if full else QUICKLY, QUICKLY / f"{'full' if full else 'quick'}-so-far.json"
    for each in (folder, QUICKLY):
        each.mkdir(exist_ok=True)
    found: dict[str, Any] = {"took_s": {}, "busy": os.getloadavg()[0]}
    if names and kept.exists():
        found = json.loads(kept.read_text())
    found |= {"machine": machine(), "versions": pinned(), "effort": effort._asdict()}
    for name in names or PARTS:
        began = time.perf_counter()
        found[name] = PARTS[name](effort)
        found["took_s"][name] = round(time.perf_counter() - began)
        kept.write_text(written(found))
    if missing := PARTS.keys() - found.keys():
        sys.exit(f"still to be measured: {', '.join(sorted(missing))}")
    text = document(found)
    print(text)
    (folder / "speed.json").write_text(written(found))
    (folder / "speed.md").write_text(text)
    for name, picture in pictures(found).items():
        (folder / name).write_text(picture)


if __name__ == "__main__":
    main("--full" in sys.argv[1:], [name for name in sys.argv[1:] if name != "--full"])
