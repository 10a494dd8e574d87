"""Many keys, each at its full rate, from one process: ``python -m benchmarks.speed.full_rate KEYS LIMITS WINDOWS``.

``LIMITS`` are like ``100/60,5000/3600``: requests in seconds. All clients come from one by ``with_options``, and share
the connections of one ``FastClient``. Each has always one more text to send, so it is the quota that sets the rate. The
keys start one after the other within the first window; measured are the next so many windows, of the first limit.

The server, ``full_rate server LIMITS``, is a process of its own. By its own clock it holds every request against
rolling windows, of which none is kinder, and refuses what is too much. In the end it also says how many of the same
requests would have been refused by fixed windows, begun at the worst of many moments, and by token buckets.
"""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.quota.judges import SHIFTS_US, Layer, Verdict, refused_by_fixed_windows, refused_by_token_buckets
from benchmarks.shared.phones import phone
from benchmarks.shared.turns import Process
from customersms_async import AsyncClient, Limit, MemoryQuota
from customersms_async.fast import FastClient

if TYPE_CHECKING:
    from collections.abc import Sequence

ANSWERS_AFTER = 0.05
"""Seconds from a request to its answer, as of a gateway that is far away: so some eighty are always under way."""

CONNECTIONS = 200
"""Enough for twice as many."""

HEAD = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s"
ACCEPTED = b'{"success":true,"remaining_credits":7,"results":[{"phone":"%s","success":true,"message_id":"m"}]}'
REFUSED = b'{"success":false,"error":"Rate limit exceeded","code":"RATE_LIMITED"}'


def as_limits(words: str) -> tuple[Limit, ...]:
    return tuple(Limit(*map(int, each.split("/"))) for each in words.split(","))


class Judge:
    """Rolling windows of every key, each with a log of what was accepted; ``arrivals`` are all, in microseconds."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self.layers = [Layer(each.requests, round(each.seconds * 1e6)) for each in limits]
        self.arrivals: dict[str, list[int]] = defaultdict(list)
        self._accepted: dict[str, list[int]] = defaultdict(list)

    def takes(self, key: str, now_us: int) -> bool:
        """Whether this request is within all limits; one that is not counts for nothing."""
        self.arrivals[key].append(now_us)
        log = self._accepted[key]
        if any(len(log) >= requests and log[-requests] > now_us - window_us for requests, window_us in self.layers):
            return False
        log.append(now_us)
        return True

    def verdict(self) -> Verdict:
        """How many were refused, and how many other servers would have refused."""
        keys = self.arrivals.values()
        return Verdict(
            max(sum(refused_by_fixed_windows(each, shift, self.layers) for each in keys) for shift in SHIFTS_US),
            sum(map(len, keys)) - sum(map(len, self._accepted.values())),
            sum(refused_by_token_buckets(each, self.layers) for each in keys),
        )


async def serve(limits: Sequence[Limit]) -> None:
    """Answer requests, and the input with the verdict, until that ends."""
    judge = Judge(limits)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                asked = json.loads(await reader.readexactly(length))
                taken = judge.takes(asked["api_key"], time.monotonic_ns() // 1_000)
                await asyncio.sleep(ANSWERS_AFTER)
                body = ACCEPTED % asked["phone"][0].encode() if taken else REFUSED
                writer.write(HEAD % (b"200 OK" if taken else b"429 Too Many Requests", len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1_000)
    print(listening.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(judge.verdict()._asdict()), flush=True)


def queued() -> float:
    """Seconds for which this process could have run, and other processes ran; 0 where the system does not tell."""
    told = Path("/proc/self/schedstat")
    return int(told.read_text().split()[1]) / 1e9 if told.exists() else 0.0


async def measure(url: str, keys: int, limits: tuple[Limit, ...], windows: int) -> dict[str, float]:
    sent, window = [0] * keys, limits[0].seconds

    async def keep_sending(client: AsyncClient, number: int) -> None:
        await asyncio.sleep(window * number / keys)
        while True:
            await client.send(phone(number), "Hello")
            sent[number] += 1

    async with (
        FastClient() as http_client,
        AsyncClient(
            api_key="cspro_parent",
            url=url,
            limits=limits,
            quota=MemoryQuota(),
            max_concurrency=CONNECTIONS,
            http_client=http_client,
        ) as parent,
        asyncio.TaskGroup() as group,
    ):
        tasks = [
            group.create_task(keep_sending(parent.with_options(api_key=f"cspro_{number:032}"), number))
            for number in range(keys)
        ]
        await asyncio.sleep(window)
        before, cpu, behind, began = tuple(sent), time.process_time(), queued(), time.perf_counter()
        await asyncio.sleep(window * windows)
        cpu, behind, seconds = time.process_time() - cpu, queued() - behind, time.perf_counter() - began
        done = [now - then for now, then in zip(sent, before, strict=True)]
        logging.getLogger("customersms_async").setLevel(logging.ERROR)  # the last answers come to nobody
        for task in tasks:
            task.cancel()
    return {
        "keys": keys,
        "window_s": window,
        "requests": limits[0].requests,
        "seconds": seconds,
        "cores": cpu / seconds,
        "queued": behind / seconds,
        "a_second": sum(done) / seconds,
        "possible": keys * limits[0].requests / window,
        "least": min(done) / windows,
        "most": max(done) / windows,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main(keys: int, limits: str, windows: int) -> None:
    with Process("speed.full_rate", "server", limits) as server:
        found = asyncio.run(measure(f"http://127.0.0.1:{server.read()}/", keys, as_limits(limits), windows))
        print(json.dumps(found | {"refused": server.ask("verdict")}))


if __name__ == "__main__":
    if sys.argv[1] == "server":
        asyncio.run(serve(as_limits(sys.argv[2])))
    else:
        main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
