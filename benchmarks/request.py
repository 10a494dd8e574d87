"""CPU per request, ours against bare httpx: ``python benchmarks/request.py [rounds]``.

Both send the same bodies over loopback to the same small server, one request at a time, each in a fresh process, taking
turns. What is reported is the ratio of their medians, as the seconds depend on the machine.
"""

from __future__ import annotations

import asyncio
import json
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version

REQUESTS = 300
SIZES = (1, 100, 1_000)
RIVALS = ("httpx", "ours")


def phones(count: int) -> list[str]:
    return [f"+1212{i:07}" for i in range(count)]


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
    except asyncio.IncompleteReadError:
        writer.close()


async def server() -> None:
    listening = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**20)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


async def ours(url: str, count: int) -> float:
    from customersms_async import AsyncClient, Limit

    numbers = phones(count)
    async with AsyncClient(
        api_key="cspro_key", url=url, limits=Limit(1_000_000, 1), pace=None, batch_size=count
    ) as client:
        await client.send_many(numbers, "Hello")
        began = time.process_time()
        for _ in range(REQUESTS):
            if count == 1:
                await client.send(numbers[0], "Hello")
            else:
                await client.send_many(numbers, "Hello")
        return time.process_time() - began


async def httpx(url: str, count: int) -> float:
    import httpx

    body = {"api_key": "cspro_key", "phone": phones(count), "message": "Hello"}
    async with httpx.AsyncClient(timeout=30) as client:
        await client.post(url, json=body)
        began = time.process_time()
        for _ in range(REQUESTS):
            answer = (await client.post(url, json=body)).json()
            assert answer["success"] is True
        return time.process_time() - began


def measure(rival: str, url: str, count: int) -> float:
    """Milliseconds of CPU per request, in a process of its own."""
    out = subprocess.run([sys.executable, __file__, rival, url, str(count)], check=True, capture_output=True)  # noqa: S603
    return float(out.stdout) / REQUESTS * 1e3


def main(rounds: int) -> None:
    print(f"Python {platform.python_version()}, {platform.machine()}; httpx {version('httpx')}, {rounds} rounds")
    with subprocess.Popen([sys.executable, __file__, "server"], stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}/"
        for count in SIZES:
            times = [{rival: measure(rival, url, count) for rival in RIVALS} for _ in range(rounds)]
            medians = {rival: statistics.median(each[rival] for each in times) for rival in RIVALS}
            print(
                f"{count:5,} numbers: httpx {medians['httpx']:.2f} ms, ours {medians['ours']:.2f} ms,"
                f" ratio {medians['ours'] / medians['httpx']:.2f}"
            )
        process.terminate()


if __name__ == "__main__":
    if sys.argv[1:2] == ["server"]:
        asyncio.run(server())
    elif len(sys.argv) == 4:
        print(asyncio.run({"ours": ours, "httpx": httpx}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 5)
