"""Take the picture of a campaign's page: ``PYTHONPATH=tests python -m tools.record_campaign`` (``docs/campaign.png``).

A real page in a real browser (Debian's ``chromium``), of a made-up campaign that goes on.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import expect

from customersms_async import DOCUMENTED_LIMITS, Hours, Outcome, SQLiteQuota, Status
from customersms_async._core.intake import Letter
from customersms_async._core.layers import layers
from customersms_async._core.rulings import Ruling
from customersms_async._core.schedule import SendSchedule
from customersms_async.campaign._sqlite.ledger import SQLiteLedger
from customersms_async.campaign.guards import GuardTerms
from customersms_async.campaign.rows import Intent
from customersms_async.campaign.states import SAYS, State
from customersms_async.campaign.terms import CampaignTerms
from customersms_async.campaign.wanted import WantedChange
from customersms_async.campaign.wanted_states import WantedEvent
from support.campaign_page import served
from support.chromium import chromium, new_page

if TYPE_CHECKING:
    from customersms_async.campaign.protocol import CampaignLedger

PICTURE = Path(__file__).parent.parent / "docs" / "campaign.png"
CODES = {"+121255": 4, "+4477009": 3, "+4915155": 2, "+336120": 2, "+3932055": 1}
PEOPLE = 1_800
BATCH = 10
TERMS = CampaignTerms(
    url="https://sms.example.com/sms_system/api.php",
    key_id="7c1f09a4b2e35d68f0a1c2d3",
    key_label="shop",
    limits=DOCUMENTED_LIMITS,
    pace=None,
    schedule=SendSchedule(hours=Hours("09:00-20:00", "mon-sat", zone="Europe/Berlin"), margin_us=79_500_000),
    guards=GuardTerms(keep_credits=Decimal(500), stop_after_unknown=5, stop_after_refused=5),
)
WITHOUT_PATH = "p.childElementCount || (p.textContent = p.textContent.replace(/\\S*\\/quota/, 'quota'))"
"""Takes this machine's path out of a paragraph."""
BEGAN_US = 1_792_999_800_000_000  # 2026-10-26, 08:30 in Berlin


async def fill(ledger: CampaignLedger, now: list[int]) -> None:
    """Send to two thirds of them, as the limits allow it."""
    chance = random.Random(7)
    starts = chance.choices(list(CODES), list(CODES.values()), k=PEOPLE)
    await ledger.add(
        [Letter(f"{start}{at:05}", "Doors open at eight") for at, start in enumerate(starts)], None, None, ()
    )
    await ledger.become_runner()
    now[0] += 60_000_000
    await ledger.want(WantedChange(event=WantedEvent.BEGUN, by="process 412 on web-1", terms=TERMS))
    left, start = Decimal(40_000), 0
    while start < PEOPLE * 2 // 3:
        page = (await ledger.planned(start))[: PEOPLE * 2 // 3 - start]
        start = page[-1].id + 1
        for at in range(0, len(page), BATCH):
            now[0] += chance.choice((600_000, 620_000, 640_000, 900_000))
            left = await request(ledger, [one.id for one in page[at : at + BATCH]], left, starts, chance)
    await ledger.resolve([SAYS[State.ACCEPTED]["unknown"]], [f"{starts[at]}{at:05}" for at in range(600)], "Ann Lee")


async def request(
    ledger: CampaignLedger, places: list[int], left: Decimal, starts: list[str], chance: random.Random
) -> Decimal:
    """One request with its answer; gives the credits left."""
    intent = Intent(places, left, 30.0)
    await ledger.begin(intent)
    if chance.random() < 0.04:
        status, code, error = Status.UNKNOWN, "NO_ANSWER", "no answer came within 30 s"
        outcomes = [Outcome(at, f"{starts[at]}{at:05}", status, None, error, code) for at in places]
        await ledger.record(intent, Ruling(outcomes))
        return left
    outcomes = []
    for at in places:
        phone, refused = f"{starts[at]}{at:05}", chance.random() < (0.03 if starts[at].startswith("+39") else 0.004)
        code = chance.choice(("INVALID_NUMBER", "NOT_ALLOWED", "INVALID_NUMBER"))
        if refused:
            outcomes.append(Outcome(at, phone, Status.REJECTED, None, "it is refused", code))
        else:
            outcomes.append(Outcome(at, phone, Status.ACCEPTED, f"msg_{at}"))
            left -= 1
    await ledger.record(intent, Ruling(outcomes, status_code=200, remaining_credits=left))
    return left


async def main() -> None:
    """Fill a ledger, look, and keep what is seen."""
    now = [BEGAN_US]
    with tempfile.TemporaryDirectory() as folder:
        path, quota = Path(folder, "spring.ledger"), Path(folder, "quota.sqlite")
        ledger = await SQLiteLedger.open(path, create=True, clock=lambda: now[0])
        await fill(ledger, now)
        async with SQLiteQuota(quota) as store:
            for _ in range(87):
                await store.take(TERMS.key_id, layers(DOCUMENTED_LIMITS), 3_600_000_000)
        async with (
            chromium() as browser,
            served(path, quota=quota, zone="Europe/Berlin") as page,
            new_page(browser, width=1100, height=1500) as seen,
        ):
            await seen.goto(page.url)
            await seen.locator("#quota li").first.wait_for()
            await seen.locator("#doubts td").first.wait_for()
            await expect(seen.locator("#codes-words")).not_to_contain_text("so far")
            await seen.evaluate(f"document.querySelectorAll('p').forEach(p => {WITHOUT_PATH})")
            await seen.screenshot(path=PICTURE, animations="disabled")
        await ledger.close()


if __name__ == "__main__":
    asyncio.run(main())
