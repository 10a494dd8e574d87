"""Draw the picture of docs/metrics.md anew: ``PYTHONPATH=tests python -m tools.record_metrics`` (``docs/metrics.svg``).

Two minutes of made-up load on the sandbox, watched by Debian's ``prometheus``, whose answers are drawn: one-time
passwords all the time, a campaign that uses up its minute, a pause that the gateway asks for, a proxy that answers 502.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customersms_async import AsyncClient, Campaign, CustomerSMSError, Limit, MemoryQuota, Priority
from customersms_async.sandbox import Fault, Sandbox
from support.dashboard_files import RULES, questions
from support.metered_sends import exporter
from support.prometheus_server import prometheus
from tools.dashboard.picture import Chart, Line, draw
from tools.dashboard.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from customersms_async.otel import Telemetry
    from support.prometheus_server import Prometheus

PICTURE = Path(__file__).parent.parent / "docs" / "metrics.svg"
STATS = ("Accepted / min", "Unknown", "In line", "Fullest limit", "Paused for", "Credits left")
CHARTS = (
    *("Texts a minute by outcome", "Urgent: wait before the request"),
    *("Urgent: what they wait for", "Used of each limit"),
    *("In line by priority", "Unknown, by code"),
    *("Recipients by state", "Time to the answer"),
)
SAID = (
    "Two minutes in panels of the dashboard: texts by outcome, how long urgent texts wait and for what, the limits, "
    "unknown texts, a campaign's recipients, the gateway's answers"
)
SECONDS = 120
LIMITS = {"codes": [Limit(600, 60)], "spring": [Limit(300, 60), Limit(2_000, 3_600)]}
PEOPLE = 4_000
BATCH = 5
CAMPAIGN_BEGINS = 12.0
FAULTS: tuple[tuple[float, str, dict[int, Fault | tuple[Fault, float] | None]], ...] = (
    (45.0, "codes", {1: (Fault.STATUS_429, 6.0)}),
    (85.0, "spring", {1: Fault.STATUS_502, 9: Fault.STATUS_502}),
)
"""What goes wrong when, at which gateway, with its next requests."""
LEADS = 6.0
"""Seconds before the picture begins: a Prometheus begins after five."""


class Load:
    """What two programs do in these minutes. Mutable: the one-time passwords on their way."""

    def __init__(self, folder: Path, gateways: Mapping[str, Sandbox], clients: Mapping[str, AsyncClient]) -> None:
        self._folder = folder
        self._gateways = gateways
        self._clients = clients
        self._sends: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Two minutes of it, after the first seconds."""
        chance, loop = random.Random(5), asyncio.get_running_loop()
        begun, campaign = loop.time() + LEADS, None
        coming = list(FAULTS)
        while (now := loop.time() - begun) < SECONDS:
            if campaign is None and now > CAMPAIGN_BEGINS:
                campaign = asyncio.create_task(self._campaign())
            if coming and now > coming[0][0]:
                _, label, faults = coming.pop(0)
                self._gateways[label].misbehave(faults)
            sending = asyncio.create_task(self._password(f"+1215555{chance.randrange(10_000):04}"))
            self._sends.add(sending)
            sending.add_done_callback(self._sends.discard)
            await asyncio.sleep(chance.expovariate(3.0))
        if campaign is not None:
            campaign.cancel()
            await asyncio.wait([campaign, *self._sends])

    async def _password(self, phone: str) -> None:
        with contextlib.suppress(CustomerSMSError):
            await self._clients["codes"].send(phone, "Your code is 123456", priority=Priority.URGENT, max_wait=10)

    async def _campaign(self) -> None:
        async with Campaign.open(self._folder / "spring.ledger") as campaign:
            await campaign.add([f"+1213555{number:04}" for number in range(PEOPLE)], "Doors open at eight")
            async with campaign.run(self._clients["spring"]) as outcomes:
                async for _ in outcomes:
                    pass


@contextlib.asynccontextmanager
async def load(folder: Path, telemetry: Telemetry) -> AsyncIterator[Load]:
    """Two programs that are ready to send, each to a gateway of its own."""
    async with contextlib.AsyncExitStack() as leaving:
        gateways = {label: Sandbox({f"cspro_{label}": 20_000}, (), (0.05, 0.25)) for label in LIMITS}
        clients = {
            label: await leaving.enter_async_context(
                AsyncClient(
                    api_key=f"cspro_{label}",
                    label=label,
                    url=await leaving.enter_async_context(gateway.serve()),
                    quota=MemoryQuota(),
                    limits=LIMITS[label],
                    batch_size=BATCH,
                    telemetry=telemetry,
                )
            )
            for label, gateway in gateways.items()
        }
        yield Load(folder, gateways, clients)


async def ask(server: Prometheus, end: float) -> dict[str, Chart]:
    """Every panel with what Prometheus knows of the last two minutes, a point a second."""
    panels = {panel.title: panel for row in ROWS for panel in row.panels}
    lines: dict[str, list[Line]] = {title: [] for title in panels}
    for asked in questions("8s", "1s", f"{SECONDS}s"):
        if asked.panel in {*STATS, *CHARTS}:
            data = await server.ask("query_range", query=asked.query, start=end - SECONDS, end=end, step=1)
            lines[asked.panel] += [_line(series, asked.legend, end - SECONDS) for series in data["result"]]
    return {title: Chart(panel, lines[title]) for title, panel in panels.items()}


def _line(series: dict[str, Any], legend: str, begin: float) -> Line:
    """One series under the name that its panel gives it."""
    labels = series["metric"]
    name = re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), legend)
    values = ((float(at) - begin, float(value)) for at, value in series["values"])
    return Line(name.strip(), [(at, value) for at, value in values if math.isfinite(value)])


async def main() -> None:
    """Send, ask, draw."""
    with tempfile.TemporaryDirectory() as name, exporter() as (telemetry, port):
        (folder := Path(name, "prometheus")).mkdir()
        async with prometheus(folder, port, RULES, "1s") as server, load(Path(name), telemetry) as loaded:
            await loaded.run()
            charts = await ask(server, time.time())
    PICTURE.write_text(
        draw(SAID, [charts[title] for title in STATS], [charts[title] for title in CHARTS], SECONDS), encoding="utf-8"
    )


if __name__ == "__main__":
    asyncio.run(main())
