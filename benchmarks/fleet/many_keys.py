"""A gateway of many keys, each with so many requests a minute: ``… many_keys PORT KEYS REQUESTS``."""

from __future__ import annotations

import asyncio
import sys

from benchmarks.fleet.many_campaigns import WINDOW, key
from customersms_async import Limit
from customersms_async.sandbox import Sandbox


async def main() -> None:
    """Serve until it is ended."""
    port, keys, requests = map(int, sys.argv[1:])
    sandbox = Sandbox(keys=dict.fromkeys(map(key, range(keys)), 10**6), limits=(Limit(requests, WINDOW),), latency=0.02)
    async with sandbox.serve(port=port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
