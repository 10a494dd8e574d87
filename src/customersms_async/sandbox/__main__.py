"""``python -m customersms_async.sandbox``: serve a sandbox from a terminal until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import anyio

from ..errors import CustomerSMSError
from ..models import DOCUMENTED_LIMITS, Limit
from . import magic
from .faults import Fault
from .request import PATHS
from .sandbox import DEMO_CREDITS, DEMO_KEY, Sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .schedule import Entry

_READY = """\
The sandbox listens. Its limits are per key: {limits}.

  export CUSTOMERSMS_URL={url}
  export CUSTOMERSMS_API_KEY={key}

Its inbox, with all texts and with switches for faults and limits: {inbox}

It stops on Ctrl-C. --magic lists the phone numbers that bring a fault of their own.
"""

_DONE = """\
requests: {requests}
texts accepted: {texts}, of which twice: {twice}
requests refused by the limits: {refused} (fixed windows {fixed}, rolling windows {rolling})
"""


def limit(text: str) -> Limit:
    """Read ``100/60`` as 100 requests in 60 seconds."""
    requests, _, seconds = text.partition("/")
    return Limit(int(requests), float(seconds))


def latency(text: str) -> tuple[float, float]:
    """Read ``0.2`` or ``0.1,0.5`` as seconds from and to."""
    low, _, high = text.partition(",")
    return float(low), float(high or low)


def amount(text: str) -> Decimal:
    """Read an exact number of credits."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None


def fault(text: str) -> Entry:
    """Read ``NAME``, ``NAME:SECONDS`` or ``none``."""
    name, _, seconds = text.partition(":")
    if name.lower() == "none":
        return None
    try:
        found = Fault[name.upper()]
    except KeyError:
        raise argparse.ArgumentTypeError(f"no fault is called {name}; --magic lists them all") from None
    return (found, float(seconds)) if seconds else found


def parser(prog: str) -> argparse.ArgumentParser:
    """The parser of the command line that ``prog`` names."""
    asks = argparse.ArgumentParser(prog=prog, description="Serve a made-up gateway.")
    asks.add_argument("--port", type=int, default=8025, help="0 takes any free one (default: 8025)")
    asks.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only")
    asks.add_argument("--key", default=DEMO_KEY, help=f"a made-up one, as it is printed (default: {DEMO_KEY})")
    asks.add_argument("--credits", type=amount, default=Decimal(DEMO_CREDITS), help=f"default: {DEMO_CREDITS}")
    asks.add_argument("--limit", type=limit, action="append", metavar="N/SECONDS", help="again for more limits")
    asks.add_argument("--latency", type=latency, default=(0.0, 0.0), metavar="SECONDS[,SECONDS]")
    asks.add_argument("--max-numbers", type=int, metavar="N", help="in one request; more are answered with 413")
    asks.add_argument("--fault", type=fault, action="append", metavar="NAME[:SECONDS]", help="1st, 2nd, … request")
    asks.add_argument(
        "--allow-host", action="append", metavar="NAME", help="a name of this machine, by which the inbox may be asked"
    )
    asks.add_argument("--quiet", action="store_true", help="log no requests")
    asks.add_argument("--magic", action="store_true", help="print the table of magic numbers, and end")
    return asks


def main(arguments: Sequence[str] | None = None, prog: str = "python -m customersms_async.sandbox") -> int:
    """Run the command line; returns the exit status: 0, or 1 if it can't serve."""
    given = parser(prog).parse_args(arguments)
    if given.magic:
        sys.stdout.write(f"{magic.table()}\n")
        return 0
    limits = tuple(given.limit or DOCUMENTED_LIMITS)
    try:
        sandbox = Sandbox({given.key: given.credits}, limits, given.latency, given.max_numbers, given.fault or ())
        if not given.quiet:
            sandbox.log_requests(_log)
        asyncio.run(_serve(sandbox, limits, given))
    except (CustomerSMSError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(_summary(sandbox))
    return 0


async def _serve(sandbox: Sandbox, limits: Sequence[Limit], given: argparse.Namespace) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with sandbox.serve(host=given.host, port=given.port, names=given.allow_host or ()) as url:
            told = ", ".join(f"{one.requests} in {one.seconds:g} s" for one in limits)
            inbox = url.removesuffix(PATHS[0]) + "/"
            sys.stdout.write(_READY.format(url=url, key=sandbox.api_key, limits=told, inbox=inbox))
            sys.stdout.flush()
            async for _ in signals:
                return


def _log(line: str) -> None:
    """Write a line with the time of day; whoever has closed standard error wants none."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")


def _summary(sandbox: Sandbox) -> str:
    return _DONE.format(
        requests=sandbox.requests,
        texts=len(sandbox.texts),
        twice=len(sandbox.duplicates()),
        refused=sandbox.refused,
        fixed=sandbox.refused_fixed,
        rolling=sandbox.refused_rolling,
    )


if __name__ == "__main__":
    sys.exit(main())
