"""Relays of TCP connections: ``python -m tools.torture.relay FROM:PORT TO:PORT …``, two arguments each."""

from __future__ import annotations

import asyncio
import contextlib
import sys


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while some := await reader.read(65_536):
            writer.write(some)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


async def relay(listens: str, leads: str) -> None:
    """Relay every connection from one address to the other, for good."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = leads.rpartition(":")
        try:
            there, back = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, back), _copy(there, writer))

    host, _, port = listens.rpartition(":")
    async with await asyncio.start_server(connected, host, int(port)) as server:
        await server.serve_forever()


async def main(addresses: list[str]) -> None:
    """Relay between all of these."""
    await asyncio.gather(*(relay(*addresses[place : place + 2]) for place in range(0, len(addresses), 2)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
