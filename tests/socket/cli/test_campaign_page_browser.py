"""The page of a campaign in a browser: what a person sees there, at every width, by day and by night, by keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from customersms_async import SQLiteQuota, Status
from customersms_async._core.layers import layers
from customersms_async.campaign.ledger_opening import open_ledger
from customersms_async.campaign.states import SAYS, State
from customersms_async.models import DOCUMENTED_LIMITS
from customersms_async.testing._contract.ledger_hosts import PAUSE, TERMS, phone
from support.campaign_page import begin, request, served
from support.chromium import LOW_CONTRAST, chromium, faultless, names, new_page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, Page

    from customersms_async.campaign.protocol import CampaignLedger
    from support.campaign_page import ServedPage

LIVE = "line live"
MARKUP = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"

pytestmark = pytest.mark.asyncio(loop_scope="module")  # a browser is bound to the loop that started it


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def ledger(tmp_path: Path) -> AsyncIterator[CampaignLedger]:
    """A campaign of 60 people that is run, with something of everything."""
    opened = await open_ledger(tmp_path / "spring.ledger")
    await begin(opened, 60)
    await request(opened, range(20), Status.ACCEPTED)
    await request(opened, range(20, 24), Status.REJECTED, "NOT_ALLOWED")
    await request(opened, range(24, 40), Status.UNKNOWN, "NO_ANSWER")
    await opened.resolve([SAYS[State.ACCEPTED]["unknown"]], [phone(24)], "Ann Lee")
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def at(tmp_path: Path, ledger: CampaignLedger) -> AsyncIterator[ServedPage]:
    async with SQLiteQuota(tmp_path / "quota") as store:
        for _ in range(3):
            await store.take(TERMS.key_id, layers(DOCUMENTED_LIMITS), 3_600_000_000)
        async with served(tmp_path / "spring.ledger", quota=tmp_path / "quota") as page:
            yield page


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, at: ServedPage) -> AsyncIterator[Page]:
    """The page, open and live; in the end it has complained of nothing, and asked nobody else."""
    async with new_page(browser) as opened, faultless(opened, at.origin):
        await opened.goto(at.url)
        await full(opened)
        yield opened


async def full(page: Page) -> None:
    """Wait until it is live, and has all its sections."""
    await expect(page.locator("#line")).to_have_class(LIVE)
    await page.locator("#codes td").first.wait_for()
    await page.locator("#quota li").first.wait_for()


async def told(page: Page, selector: str) -> str:
    """What stands in an element, as a person sees it, without line ends."""
    return " ".join((await page.locator(selector).inner_text()).split())


async def test_it_shows_all_that_is_known_and_goes_on_by_itself(page: Page, ledger: CampaignLedger) -> None:
    assert await page.evaluate("location.pathname + location.search") == "/"
    assert await told(page, "#title") == "spring.ledger"
    assert (await told(page, "#facts")).startswith("60 recipients · added ")
    assert await told(page, "#wanted") == "Run"
    assert "by process 1 on here: a person's program runs it." in await told(page, "#why")
    assert await told(page, "#lead") == "40 of 60 sent to, 66.7% · 40 segments out, as estimated"
    assert await told(page, "#states") == (
        "planned 20 33.3% sending 0 0.0% accepted 21 35.0% rejected 4 6.7% unknown 15 25.0% skipped 0 0.0%"
    )
    assert (await told(page, "#requests-words")).startswith("3 requests, at most 3 in 1 min, where the limit is 100.")
    assert "All limits: 100 requests in 1 min, 5,000 requests in 1 h" in await told(page, "#requests-words")
    assert "100 requests in 1 min 3 used 97 free" in await told(page, "#quota")
    assert "limits 100/60, 5,000/3600, 50,000/86400" in await told(page, "#terms")
    assert await told(page, "#failures") == "code state recipients NO_ANSWER unknown 15 NOT_ALLOWED rejected 4"
    assert await told(page, "#codes") == "code all accepted rejected unknown failed +1 60 21 4 15 31.7%"
    assert phone(25) in await told(page, "#doubts")
    assert "NO_ANSWER: as it says" in await told(page, "#doubts")
    assert "Ann Lee accepted 1" in await told(page, "#resolutions")
    assert await told(page, "#zone") == "UTC"
    await request(ledger, range(40, 60), Status.ACCEPTED)
    await expect(page.locator("#lead")).to_have_text(re.compile("^60 of 60"))
    await expect(page.locator("#codes td").nth(1)).to_have_text("41")
    await ledger.want(PAUSE)
    await expect(page.locator("#wanted")).to_have_text("Paused")
    assert "by Ann: pause." in await told(page, "#why")


async def test_what_a_ledger_holds_is_never_markup(page: Page, ledger: CampaignLedger) -> None:
    await ledger.resolve([SAYS[State.ACCEPTED]["unknown"]], [phone(30)], MARKUP)
    await request(ledger, range(40, 41), Status.REJECTED, MARKUP)
    await expect(page.locator("#resolutions")).to_contain_text(MARKUP)
    await expect(page.locator("#failures")).to_contain_text(MARKUP)
    assert await page.locator("main img, main script").count() == 0
    assert await page.title() == "spring.ledger · campaign"


async def test_everything_has_a_name_and_is_reached_by_keyboard(page: Page) -> None:
    assert await names(page.get_by_role("heading")) == [
        "spring.ledger",
        *("Progress", "Requests over time", "The quota of its key", "Terms of its run"),
        *("Failures by code", "Failures by calling code", "Who is unknown", "What people decided"),
    ]
    images = await names(page.get_by_role("img"))
    assert images[0].startswith("planned 33.3%, accepted 35.0%")
    assert images[1].startswith("3 requests, at most 3 in 1 min")
    assert all(await names(page.get_by_role("columnheader")))
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    assert await page.evaluate("location.hash") == "#content"
    await page.set_viewport_size({"width": 1280, "height": 400})
    await page.evaluate("document.querySelector('#doubts').style.maxHeight = '100px'")
    await page.evaluate("dispatchEvent(new Event('resize'))")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.id") == "doubts"
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#doubts")).not_to_have_js_property("scrollTop", 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_is_wider_than_the_window_and_everything_can_be_read(
    browser: Browser, at: ServedPage, ledger: CampaignLedger, scheme: str
) -> None:
    await request(ledger, range(40, 41), Status.REJECTED, "W" * 300)
    await ledger.resolve([SAYS[State.ACCEPTED]["unknown"]], [phone(30)], "x" * 300)
    async with new_page(browser, width=390, height=844, color_scheme=scheme) as page:
        await page.goto(at.url)
        await full(page)
        for width in (320, 360, 800, 1440):
            await page.set_viewport_size({"width": width, "height": 844})
            assert await page.evaluate("document.documentElement.scrollWidth") == width
            assert await page.evaluate(LOW_CONTRAST) == []
        ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert (ground == "rgb(20, 24, 26)") == (scheme == "dark")


async def test_a_ledger_that_is_away_is_said_to_be_and_what_was_seen_stays(
    page: Page, ledger: CampaignLedger, tmp_path: Path
) -> None:
    (tmp_path / "spring.ledger").rename(tmp_path / "moved")
    await expect(page.locator("#line")).to_have_class("line away")
    assert "there is no such ledger" in await told(page, "#problem")
    assert (await told(page, "#lead")).startswith("40 of 60")
    (tmp_path / "moved").rename(tmp_path / "spring.ledger")
    await expect(page.locator("#line")).to_have_class(LIVE)
    assert await page.locator("#problem").is_hidden()


async def test_a_page_that_nobody_looks_at_asks_for_nothing(page: Page, tmp_path: Path) -> None:
    await page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    (tmp_path / "spring.ledger").rename(tmp_path / "moved")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.wait_for_timeout(2500)
    assert await page.locator("#line").get_attribute("class") == LIVE  # it has heard of nothing
    assert asked == []
    await page.evaluate("delete document.hidden")
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page.locator("#line")).to_have_class("line away")


async def test_without_the_token_it_says_what_is_missing(browser: Browser, at: ServedPage) -> None:
    async with new_page(browser) as page:
        await page.goto(at.origin)
        assert await told(page, "h1") == "This page needs its token"
        assert "spring" not in await page.content()


async def test_a_program_that_is_started_anew_wants_its_new_token(browser: Browser, tmp_path: Path) -> None:
    ledger = await open_ledger(tmp_path / "ledger")
    await begin(ledger, 3)
    await ledger.close()
    async with new_page(browser) as page:
        async with served(tmp_path / "ledger") as first:
            await page.goto(first.url)
            await expect(page.locator("#line")).to_have_class(LIVE)
        await expect(page.locator("#line-text")).to_contain_text("doesn't answer")
        async with served(tmp_path / "ledger", port=int(first.origin.rpartition(":")[2])) as second:
            await expect(page.locator("#line-text")).to_have_text(re.compile("^Closed"))
            await page.goto(second.url)
            await expect(page.locator("#line")).to_have_class(LIVE)
