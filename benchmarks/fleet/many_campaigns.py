"""Many campaigns, each with a key of its own, on a few workers: ``python -m benchmarks.fleet.many_campaigns``.

Needs PostgreSQL, and ``PYTHONPATH=tests:src`` for the private server that it starts, which waits for its disk. Each
campaign sends single texts at a pace that is its key's share of ``--rate`` requests a second; the gateway is a sandbox
in a process of its own, which refuses a request above the key's limit. Workers are ``customersms worker``, with the
quota in the same database. Once every key has sent, ``--seconds`` are counted.

Prints JSON: requests a second, how many were refused, who was texted twice, the shares of the keys (of what their pace
allows), the cores that the database, the workers and the gateway took, and the connections of the database.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.fleet.sizes import TICK, server_seconds
from customersms_async import Campaign, Limit
from customersms_async._core.intake import Letter
from customersms_async._core.secret import Secret
from customersms_async._postgres import administration
from customersms_async.campaign.guards import GuardTerms
from customersms_async.campaign.terms import CampaignTerms
from customersms_async.campaign.wanted import WantedChange
from customersms_async.campaign.wanted_states import WantedEvent
from customersms_async.sandbox.state import key_id
from support.ports import free_port
from support.postgres_servers import PostgresServerProcess, postgres_server

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW: Final = 60.0
SETTINGS: Final = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "256MB", "max_wal_size": "8GB"}


def key(number: int) -> str:
    """A key, made up."""
    return f"cspro_made_up_{number:04}"


async def add(address: str, url: str, asked: argparse.Namespace) -> None:
    """Add the campaigns and say that their runs are wanted, at their pace."""
    pace = Limit(1, asked.campaigns / asked.rate)
    limits = (limit(asked),)
    people = round((asked.seconds + asked.patience) / pace.seconds) + 10
    turn = asyncio.Semaphore(8)

    async def one(number: int) -> None:
        async with turn, Campaign.open(address, name=f"campaign-{number}") as campaign:
            phones = (f"+1{200 + number // 1000}{number % 1000:03}{place:04}" for place in range(people))
            await campaign.ledger.add((Letter(phone, "Doors open at eight") for phone in phones), "a text", None, ())
            terms = CampaignTerms(
                url=url,
                key_id=Secret(key(number)).key_id,
                key_label=f"key-{number}",
                limits=limits,
                pace=pace,
                guards=GuardTerms(),
            )
            await campaign.ledger.want(WantedChange(event=WantedEvent.BEGUN, by="a benchmark", terms=terms))

    await asyncio.gather(*(one(number) for number in range(asked.campaigns)))


def limit(asked: argparse.Namespace) -> Limit:
    """What a key may send: a tenth more than its share, so that it is the pace that holds it back."""
    return Limit(max(2, round(1.1 * asked.rate / asked.campaigns * WINDOW)), WINDOW)


@contextlib.contextmanager
def process(command: list[str], folder: Path, name: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of ours, which is ended in order."""
    environment = {**os.environ, "XDG_STATE_HOME": str(folder), **variables}
    with (folder / f"{name}.log").open("wb") as log:
        words = [sys.executable, "-m", *command]
        running = subprocess.Popen(words, stdout=log, stderr=log, env=environment)  # noqa: S603 - our own
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(60)
        running.kill()
        running.wait()


def seconds_of(running: subprocess.Popen[bytes]) -> float:
    """Seconds of CPU of a process."""
    fields = Path(f"/proc/{running.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def arrivals(base: str, after: int = 0) -> dict[str, Any]:
    """What has come to the gateway after that number."""
    with urllib.request.urlopen(f"{base}/texts?after={after}") as answer:  # noqa: S310 - our own
        found: dict[str, Any] = json.load(answer)
    return found


def connections(server: PostgresServerProcess) -> int:
    """How many connections the workers have."""
    return int(server.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'")[0][0])


def measure(
    server: PostgresServerProcess,
    base: str,
    gateway: subprocess.Popen[bytes],
    workers: list[subprocess.Popen[bytes]],
    asked: argparse.Namespace,
) -> dict[str, object]:
    """Wait until every key has sent; then count."""
    began = time.perf_counter()
    came: list[dict[str, Any]] = []
    while True:  # until it listens
        with contextlib.suppress(OSError):
            arrivals(base)
            break
        assert gateway.poll() is None
        time.sleep(0.1)
    while len({text["key_id"] for text in came}) < asked.campaigns and time.perf_counter() - began < asked.patience:
        time.sleep(1)
        came += arrivals(base, len(came))["texts"]
    first = len(came)
    before = [server_seconds(server), sum(map(seconds_of, workers)), seconds_of(gateway)]
    clock, most = time.perf_counter(), 0
    while time.perf_counter() - clock < asked.seconds:
        time.sleep(1)
        most = max(most, connections(server))
        came += arrivals(base, len(came))["texts"]
    clock = time.perf_counter() - clock
    after = [server_seconds(server), sum(map(seconds_of, workers)), seconds_of(gateway)]
    counts = arrivals(base, len(came))
    of_keys = Counter(text["key_id"] for text in came[first:])
    share = asked.rate / asked.campaigns * clock
    shares = sorted(of_keys[key_id(key(number))] / share for number in range(asked.campaigns))
    return {
        "all_had_sent_after_s": round(clock and time.perf_counter() - began - clock, 1),
        "requests_a_second": round((len(came) - first) / clock, 1),
        "refused": counts["requests_refused_by_limits"],
        "twice": sum(count > 1 for count in Counter(text["phone"] for text in came).values()),
        "share_least": round(shares[0], 3),
        "share_5th_percentile": round(shares[len(shares) // 20], 3),
        "share_median": round(statistics.median(shares), 3),
        "keys_below_95": sum(each < 0.95 for each in shares),
        "cores": {
            name: round((now - then) / clock, 2)
            for name, now, then in zip(("database", "workers", "gateway"), after, before, strict=True)
        },
        "connections": most,
        "load": [round(each, 1) for each in os.getloadavg()],
    }


def main() -> None:
    """Measure, and print the figures."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--campaigns", type=int, default=1_000)
    asks.add_argument("--workers", type=int, default=3)
    asks.add_argument("--rate", type=float, default=500.0)
    asks.add_argument("--seconds", type=float, default=60.0)
    asks.add_argument("--patience", type=float, default=120.0)
    asks.add_argument("--quota", default="", help="where the workers keep it; else in the database")
    asked = asks.parse_args()
    with contextlib.ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        server = ends.enter_context(postgres_server(max_connections="150", **SETTINGS))
        administration.migrate(server.url())
        base = f"http://127.0.0.1:{free_port()}"
        url, own = f"{base}/sms_system/api.php", limit(asked)
        words = ["benchmarks.fleet.many_keys", base.rpartition(":")[2], str(asked.campaigns), str(own.requests)]
        gateway = ends.enter_context(process(words, folder, "gateway"))
        asyncio.run(add(server.url(), url, asked))
        keys = []
        for number in range(asked.campaigns):
            (folder / f"key-{number}").write_text(key(number), encoding="utf-8")
            keys += ["--key", f"key-{number}={folder / f'key-{number}'}"]
        room = str(-(-asked.campaigns // asked.workers) + 20)
        command = ["customersms_async", "worker", "--concurrency", room, "--batch-size", "1"]
        command += ["--suppression-list", "none", "--log-level", "warning", *keys]
        where = {"CUSTOMERSMS_LEDGER": server.url(), "CUSTOMERSMS_QUOTA": asked.quota or server.url()}
        workers = [
            ends.enter_context(process(command, folder, f"worker-{number}", CUSTOMERSMS_URL=url, **where))
            for number in range(asked.workers)
        ]
        found = measure(server, base, gateway, workers, asked)
        asks_of = {"campaigns": asked.campaigns, "workers": asked.workers, "rate": asked.rate, "seconds": asked.seconds}
        print(json.dumps({**asks_of, **found}, indent=1))
        if not found["requests_a_second"]:
            print(*(path.read_text()[-1_500:] for path in folder.glob("*.log")), file=sys.stderr)


if __name__ == "__main__":
    main()
