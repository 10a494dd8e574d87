"""A campaign's page, served in this process, and what a program hears of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp

from customersms_async._core.rulings import Ruling
from customersms_async._runtime.tasks import start
from customersms_async.campaign.rows import Intent
from customersms_async.cli.campaign.ledger_place import read_ledger_place
from customersms_async.cli.campaign.serve.app import build
from customersms_async.cli.campaign.serve.feed import PageFeed
from customersms_async.cli.campaign.serve.quota import QuotaLook
from customersms_async.cli.campaign.serve.token import PageToken
from customersms_async.cli.campaign.serve.watch import LedgerWatch
from customersms_async.cli.zones import read_zone
from customersms_async.models import Outcome, Status
from customersms_async.sandbox.pages.listening import listening
from customersms_async.testing._contract.ledger_hosts import BEGUN, letters, phone
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from customersms_async.campaign.protocol import CampaignLedger

TOKEN = "a-token-for-tests-alone"


class ServedPage(NamedTuple):
    """The page's origin, and its address with the token."""

    origin: str

    @property
    def url(self) -> str:
        return f"{self.origin}/?token={TOKEN}"


@contextlib.asynccontextmanager
async def served(
    ledger: Path | str,
    *,
    quota: Path | str | None = None,
    port: int = 0,
    names: Sequence[str] = (),
    zone: str = "UTC",
) -> AsyncIterator[ServedPage]:
    """Serve the page of a ledger."""
    place, feed = read_ledger_place(str(ledger)), PageFeed()
    feed.put("page", {"title": place.title, "name": place.name, "zone": zone})
    watch = LedgerWatch(place, feed, read_zone(zone), QuotaLook("memory" if quota is None else str(quota)))
    async with listening(build(feed, PageToken(TOKEN), names), "127.0.0.1", port) as origin:
        watching = start(asyncio.get_running_loop(), watch.run())
        try:
            yield ServedPage(origin)
            assert not watching.done(), watching.result()
        finally:
            watching.cancel()
            await asyncio.wait([watching])


class Events:
    """The sections of a page as a program hears them. Mutable: what each said last, and how often it spoke."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self.sections: dict[str, Any] = {}
        self.heard: list[str] = []

    async def until(self, section: str, **fields: Any) -> dict[str, Any]:
        """Wait until a section has these fields; gives all of it."""
        async with asyncio.timeout(PATIENCE):
            while not self._has(section, fields):
                await self._hear()
        found: dict[str, Any] = self.sections[section]
        return found

    def _has(self, section: str, fields: dict[str, Any]) -> bool:
        there = self.sections.get(section)
        return there is not None and all(there.get(name) == value for name, value in fields.items())

    async def _hear(self) -> None:
        name, line = "", await self._answer.content.readline()
        assert line, "the stream has ended"
        while line.strip():
            kind, _, said = line.decode().strip().partition(": ")
            name = said if kind == "event" else name
            if kind == "data":
                self.sections[name] = json.loads(said)
                self.heard.append(name)
            line = await self._answer.content.readline()


@contextlib.asynccontextmanager
async def heard(page: ServedPage) -> AsyncIterator[Events]:
    """Hear the events of a page, as a program does that has its token."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession() as session, session.get(f"{page.origin}/events", headers=headers) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        yield Events(answer)


async def begin(ledger: CampaignLedger, people: int) -> None:
    """Have the ledger hold so many people, and be run."""
    await ledger.add(letters(people), "Doors open at eight", None, ())
    await ledger.become_runner()
    await ledger.want(BEGUN)


async def request(ledger: CampaignLedger, places: range, status: Status | None, code: str | None = None) -> Intent:
    """One request to people at these places, and its answer, if it has one."""
    intent = Intent(list(places), Decimal(500), 30.0)
    await ledger.begin(intent)
    if status is not None:
        ids = status is Status.ACCEPTED
        outcomes = [
            Outcome(at, phone(at), status, f"m{at}" if ids else None, None if ids else "as it says", code)
            for at in places
        ]
        await ledger.record(intent, Ruling(outcomes, status_code=200, remaining_credits=Decimal(400)))
    return intent
