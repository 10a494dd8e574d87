"""Many keys over one client: ``python -m benchmarks.speed.keys [ROUNDS]``; prints a round's figures as JSON.

``ours`` and ``httpx``: seconds until 300 keys have sent one text each, all at once, where an answer takes 0.4 s; httpx
has a client for each, and is the control. ``alone`` and ``beside``: the longest wait in milliseconds of 49 keys that
send a text each, 20 times in turn, without and with a 50th key for which 100,000 texts wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time

from benchmarks.shared.phones import phone
from benchmarks.shared.turns import Process

ANSWER_SECONDS = 0.4
KEYS = 300
FEW = 49
TURNS = 20
CROWD = 100_000
GO = 9
"""Of the crowd, so many may go."""


async def server() -> None:
    """Print the port, and accept one text a request: at once, or after ``ANSWER_SECONDS`` for the path ``/slow``."""
    body = b'{"success":true,"results":[{"phone":"+12120000000","success":true,"message_id":"m"}]}'
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
                if b"/slow" in head[:20]:
                    await asyncio.sleep(ANSWER_SECONDS)
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1_000)
    print(json.dumps(listening.sockets[0].getsockname()[1]), flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def ours(url: str) -> float:
    """Seconds until everybody's text is accepted."""
    from customersms_async import AsyncClient

    async with AsyncClient(api_key="cspro_root", url=url) as root:
        await root.send(phone(0), "Hello")  # as a program has done before
        clients = [root.with_options(api_key=f"cspro_{number}") for number in range(KEYS)]
        began = time.perf_counter()
        await asyncio.gather(*(client.send(phone(0), "Hello") for client in clients))
        return time.perf_counter() - began


async def httpx(url: str) -> float:
    """Seconds that it takes httpx, with a client for each key; in one pool they take twenty times as long."""
    import httpx

    tls = httpx.create_ssl_context()
    body = {"key": "cspro_root", "phone": [phone(0)], "message": "Hello"}
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(httpx.AsyncClient(verify=tls)) for _ in range(KEYS)]
        began = time.perf_counter()
        await asyncio.gather(*(client.post(url, json=body) for client in clients))
        return time.perf_counter() - began


async def longest_wait(url: str, crowd: int) -> float:
    """The longest time in milliseconds that one of a few keys' texts took, beside a key with a crowd that waits."""
    from customersms_async import AsyncClient, Limit, MemoryQuota

    quota = MemoryQuota()
    async with AsyncClient(api_key="cspro_crowded", url=url, quota=quota, limits=Limit(1 + GO, 3_600)) as root:
        await root.send(phone(0), "Hello")
        waiting = [asyncio.create_task(root.send(phone(0), "Hello")) for _ in range(crowd)]
        while sum((await root.quota_status()).waiting.values()) < crowd - GO:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)  # those who could go have their answers
        longest = 0.0

        async def one(client: AsyncClient) -> None:
            nonlocal longest
            began = time.perf_counter()
            await client.send(phone(0), "Hello")
            longest = max(longest, time.perf_counter() - began)

        clients = [root.with_options(api_key=f"cspro_{number}", limits=Limit(100, 60)) for number in range(FEW)]
        for _ in range(TURNS):
            for client in clients:
                await one(client)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return longest * 1e3


def main(rounds: int) -> None:
    with Process("speed.keys", "server") as process:
        url = f"http://127.0.0.1:{process.read()}/"
        for _ in range(rounds):
            found = {"httpx": asyncio.run(httpx(f"{url}slow")), "ours": asyncio.run(ours(f"{url}slow"))}
            found |= {"alone": asyncio.run(longest_wait(url, 0)), "beside": asyncio.run(longest_wait(url, CROWD))}
            print(json.dumps({name: round(figure, 2) for name, figure in found.items()}), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["server"]:
        asyncio.run(server())
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
