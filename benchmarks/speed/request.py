"""A request's own cost: ``python -m benchmarks.speed.request RIVAL URL REQUESTS`` answers questions on its input.

``1000 8`` asks what a request for 1,000 numbers costs from 8 tasks at once; the answer is milliseconds of CPU. All
rivals send the same requests to the same small server and read the answers into objects of their own. They are as they
come, but for the limits of ours; ``RIVAL+uvloop`` runs in that event loop. The server, in a process of its own:
``python -m benchmarks.speed.request server``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.shared.turns import Process
from benchmarks.speed.rivals import BLOCKING, RIVALS

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (1, 100, 1_000)
FEWER = 2
"""So many times fewer requests for 1,000 numbers, which take so much longer at least."""

WARM = 20
"""Requests before the first that counts, and one for each task at least."""


def questions(rival: str, concurrencies: tuple[int, ...]) -> list[str]:
    """All that can be asked of one."""
    return [f"{n} {each}" for each in concurrencies for n in SIZES if each == 1 or rival != BLOCKING]


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request on one connection with a prepared answer for as many numbers as it holds."""
    answers: dict[int, bytes] = {}
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if length not in answers:
                rows = [{"phone": p, "success": True, "message_id": f"m{p}"} for p in json.loads(body)["phone"]]
                payload = json.dumps({"success": True, "remaining_credits": 7, "results": rows}).encode()
                answers[length] = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(payload), payload)
            writer.write(answers[length])
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def server() -> None:
    """Serve until the input ends."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    listening = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**20, backlog=1_000)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await ended.wait()


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The URL of a server in a process of its own."""
    with Process("speed.request", "server") as process:
        yield f"http://127.0.0.1:{process.read()}/"


async def cost(rival: str, url: str, count: int, concurrency: int, requests: int) -> float:
    """Milliseconds of this process's CPU for each of ``requests``, made by so many tasks; connections stand before."""
    async with RIVALS[rival](url, count) as request:

        async def several(share: int) -> None:
            for _ in range(share):
                await request()

        async def all_of(share: int) -> None:
            async with asyncio.TaskGroup() as group:  # one that fails ends them all
                for _ in range(concurrency):
                    group.create_task(several(share))

        await all_of(-(-WARM // concurrency))
        share = -(-requests // concurrency)
        began = time.process_time()
        await all_of(share)
        return (time.process_time() - began) / (share * concurrency) * 1e3


def main(name: str, url: str, requests: int) -> None:
    rival, _, loop = name.partition("+")
    if rival == "httpx without sniffio":
        with contextlib.suppress(ImportError):
            __import__("sniffio")
            sys.exit("sniffio is there: run it as `python -m benchmarks.speed` does")
    factory = __import__("uvloop").new_event_loop if loop else None
    with asyncio.Runner(loop_factory=factory) as runner:
        for question in sys.stdin:
            count, concurrency = map(int, question.split())
            few = requests // FEWER if count == SIZES[-1] else requests
            print(json.dumps(runner.run(cost(rival, url, count, concurrency, few))), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["server"]:
        asyncio.run(server())
    else:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
