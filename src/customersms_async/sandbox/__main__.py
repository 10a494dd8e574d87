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

from .._core.limits import read_limit
from ..errors import ConfigurationError, CustomerSMSError
from ..models import DOCUMENTED_LIMITS, Limit
from . import magic
from .faults import Fault
from .options import seconds_range
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
    try:
        return read_limit(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def latency(text: str) -> tuple[float, float]:
    """Read ``0.2`` or ``0.1,0.5`` as seconds from and to."""
    low, _, high = text.partition(",")
    try:
        return seconds_range("latency", (float(low), float(high or low)))
    except (ValueError, ConfigurationError):
        said = f"{text!r} is not a number of seconds such as 0.2, or two such as 0.1,0.5"
        raise argparse.ArgumentTypeError(said) from None


def amount(text: str) -> Decimal:
    """Read an exact number of credits."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of credits") from None


def fault(text: str) -> Entry:
    """Read ``NAME``, ``NAME:SECONDS`` or ``none``."""
    name, _, seconds = text.partition(":")
    if name.lower() == "none":
        return None
    try:
        found = Fault[name.upper()]
    except KeyError:
        raise argparse.ArgumentTypeError(f"no fault is called {name}; --magic lists them all") from None
    try:
        return (found, float(seconds)) if seconds else found
    except ValueError:
        raise argparse.ArgumentTypeError(f"{seconds!r} is not a number of seconds, as in {name}:2.5") from None


def parser(prog: str, epilog: str = "") -> argparse.ArgumentParser:
    """The parser of the command line that ``prog`` names; its help ends with ``epilog``, line by line."""
    asks = argparse.ArgumentParser(
        prog=prog,
        description="Serve a made-up gateway, which takes texts and sends none.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    asks.add_argument("--port", type=int, default=8025, help="where to listen; 0 takes any free one (default: 8025)")
    asks.add_argument("--host", default="127.0.0.1", help="where to listen (default: 127.0.0.1, for this machine only)")
    asks.add_argument(
        "--key", default=DEMO_KEY, help=f"the key that it takes: a made-up one, as it is printed (default: {DEMO_KEY})"
    )
    asks.add_argument(
        "--credits",
        type=amount,
        default=Decimal(DEMO_CREDITS),
        help=f"what that key may spend (default: {DEMO_CREDITS})",
    )
    asks.add_argument(
        "--limit",
        type=limit,
        action="append",
        metavar="N/SECONDS",
        help="N requests in so many seconds, for each key; may be given again for one more limit (default: the"
        " documented ones)",
    )
    asks.add_argument(
        "--latency",
        type=latency,
        default=(0.0, 0.0),
        metavar="SECONDS[,SECONDS]",
        help="how long each answer takes; of two, a time between them is drawn for each (default: 0)",
    )
    asks.add_argument("--max-numbers", type=int, metavar="N", help="in one request; more are answered with 413")
    asks.add_argument(
        "--fault",
        type=fault,
        action="append",
        metavar="NAME[:SECONDS]",
        help="what goes wrong with the first request; given again, with the second, and so on; none: nothing does."
        " --magic names all of them; SECONDS is how long it takes, of those that take a while",
    )
    asks.add_argument(
        "--allow-host", action="append", metavar="NAME", help="a name of this machine, by which the inbox may be asked"
    )
    asks.add_argument("--quiet", action="store_true", help="log no requests")
    asks.add_argument("--magic", action="store_true", help="print the table of magic numbers, and end")
    return asks


def main(
    arguments: Sequence[str] | None = None, prog: str = "python -m customersms_async.sandbox", epilog: str = ""
) -> int:
    """Run the command line; returns the exit status: 0, or 1 if it can't serve."""
    given = parser(prog, epilog).parse_args(arguments)
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
