"""Serves a campaign's page from a terminal, until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import signal
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import anyio

from ...._runtime.tasks import start
from ....campaign.ledger_opening import open_ledger
from ....sandbox.pages.listening import listening
from ...exits import ending_well, fail
from ...option_values import wrong_value
from ...options import quota_named
from ...output import SafeConsole, SafeOutput
from ...zones import read_zone
from .app import build
from .feed import PageFeed
from .quota import QuotaLook
from .token import SHORTEST, PageToken, drawn
from .watch import LedgerWatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..looking_options import ServeOptions

_READY: Final = """\
The page of {title}, which changes nothing of it: {origin}/?token={token}
Whoever has that address sees all that it shows. It stops on Ctrl-C.
"""

_OPEN_TO_ALL: Final = "The page can be asked for over the network, and nothing encrypts what it shows"


def serve_page(options: ServeOptions) -> None:
    """Do what ``customersms campaign serve`` does."""
    with ending_well(options.log_level):
        zone = read_zone(options.zone)
        token = _token(options.token)
        quota = QuotaLook(quota_named(options.quota))
        feed = PageFeed()
        watch = LedgerWatch(options.ledger, feed, zone, quota)
        feed.put("page", {"title": options.ledger.title, "name": options.ledger.name, "zone": zone.name})
        try:
            asyncio.run(_serve(options, feed, watch, token))
        except OSError as error:
            fail(f"{options.host}:{options.port} can't be listened at: {error.strerror or error}", 1)


def _token(given: str | None) -> str:
    if given is None:
        return drawn()
    if len(given) < SHORTEST or not (given.isascii() and given.isprintable()) or " " in given:
        raise wrong_value("--token", f"it must be {SHORTEST} characters or more, of ASCII and without spaces")
    return given


async def _serve(options: ServeOptions, feed: PageFeed, watch: LedgerWatch, token: str) -> None:
    """Serve until a signal comes. Raises ``LedgerError`` for a ledger that isn't there, before anything is served."""
    ledger = await open_ledger(options.ledger.given, create=False, looking=True)
    await ledger.close()
    app = build(feed, PageToken(token), options.allow_host or ())
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with listening(app, options.host, options.port) as origin:
            watching = start(asyncio.get_running_loop(), watch.run())
            try:
                _tell(options, origin, token)
                hearing = start(asyncio.get_running_loop(), _first(signals))
                await asyncio.wait([watching, hearing], return_when=asyncio.FIRST_COMPLETED)
                if watching.done():
                    await watching  # which raises: it ends by itself only of a defect
            finally:
                watching.cancel()
                await asyncio.wait([watching])


async def _first(signals: AsyncIterator[signal.Signals]) -> None:
    async for _ in signals:
        return


def _tell(options: ServeOptions, origin: str, token: str) -> None:
    SafeOutput(sys.stdout).write(_READY.format(title=options.ledger.title, origin=origin, token=quote(token, safe="")))
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(options.host).is_loopback:
            return
    if options.host != "localhost":
        SafeConsole(sys.stderr).print(_OPEN_TO_ALL, style="yellow", highlight=False)
