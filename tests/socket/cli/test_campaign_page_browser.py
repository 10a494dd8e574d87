"""The page of a campaign in a browser: what a person sees there, at every width, by day and by night, by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async import SQLiteQuota, Status
from customersms_async._core.layers import layers
from customersms_async.campaign.opened import open_ledger
from customersms_async.campaign.states import SAYS, State
from customersms_async.models import DOCUMENTED_LIMITS
from customersms_async.testing._contract.ledger_hosts import PAUSE, TERMS, phone
from support.campaign_page import begin, request, served
from support.chromium import LOW_CONTRAST, Page, chromium, new_page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from customersms_async.campaign.protocol import CampaignLedger
    from support.campaign_page import ServedPage

LIVE = "document.querySelector('#line').className === 'line live'"
MARKUP = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chromium(tmp_path_factory.mktemp("chromium")) as address:
        yield address


@pytest.fixture
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


@pytest.fixture
async def at(tmp_path: Path, ledger: CampaignLedger) -> AsyncIterator[ServedPage]:
    async with SQLiteQuota(tmp_path / "quota") as store:
        for _ in range(3):
            await store.take(TERMS.key_id, layers(DOCUMENTED_LIMITS), 3_600_000_000)
        async with served(tmp_path / "spring.ledger", quota=tmp_path / "quota") as page:
            yield page


@pytest.fixture
async def page(browser: str, at: ServedPage) -> AsyncIterator[Page]:
    """The page, open and live; in the end it has complained of nothing, and asked nobody else."""
    async with new_page(browser) as opened:
        await opened.go(at.url)
        await opened.until(f"{LIVE} && document.querySelector('#codes td') && document.querySelector('#quota li')")
        yield opened
        assert opened.complaints == []
        assert {url for url in opened.asked if not url.startswith(at.origin)} <= {"about:blank"}


async def told(page: Page, selector: str) -> str:
    """What stands in an element, as a person sees it, without line ends."""
    shown: str = await page.run(f"document.querySelector({selector!r}).innerText")
    return " ".join(shown.split())


async def test_it_shows_all_that_is_known_and_goes_on_by_itself(page: Page, ledger: CampaignLedger) -> None:
    assert await page.run("location.pathname + location.search") == "/"
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
    await page.until("document.querySelector('#lead').textContent.startsWith('60 of 60')")
    await page.until("document.querySelectorAll('#codes td')[1].textContent === '41'")
    await ledger.want(PAUSE)
    await page.until("document.querySelector('#wanted').textContent === 'Paused'")
    assert "by Ann: pause." in await told(page, "#why")


async def test_what_a_ledger_holds_is_never_markup(page: Page, ledger: CampaignLedger) -> None:
    await ledger.resolve([SAYS[State.ACCEPTED]["unknown"]], [phone(30)], MARKUP)
    await request(ledger, range(40, 41), Status.REJECTED, MARKUP)
    await page.until("document.querySelector('#resolutions').textContent.includes('<img')")
    await page.until("document.querySelector('#failures').textContent.includes('<img')")
    assert await page.run("document.querySelectorAll('main img, main script').length") == 0
    assert await page.run("document.title") == "spring.ledger · campaign"


async def test_everything_has_a_name_and_is_reached_by_keyboard(page: Page) -> None:
    assert await page.named("heading") == [
        "spring.ledger",
        *("Progress", "Requests over time", "The quota of its key", "Terms of its run"),
        *("Failures by code", "Failures by calling code", "Who is unknown", "What people decided"),
    ]
    images = await page.named("image")
    assert images[0].startswith("planned 33.3%, accepted 35.0%")
    assert images[1].startswith("3 requests, at most 3 in 1 min")
    assert "" not in await page.named("columnheader")
    await page.press("Tab")
    assert await page.run("document.activeElement.className") == "skip"
    await page.press("Enter")
    assert await page.run("location.hash") == "#content"
    await page.resize(1280, 400)
    await page.run("document.querySelector('#doubts').style.maxHeight = '100px'")
    await page.run("dispatchEvent(new Event('resize'))")
    await page.press("Tab")
    assert await page.run("document.activeElement.id") == "doubts"
    await page.press("ArrowDown")
    await page.run("new Promise((done) => document.querySelector('#doubts').addEventListener('scrollend', done))")
    assert await page.run("document.querySelector('#doubts').scrollTop") > 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_is_wider_than_the_window_and_everything_can_be_read(
    browser: str, at: ServedPage, ledger: CampaignLedger, scheme: str
) -> None:
    await request(ledger, range(40, 41), Status.REJECTED, "W" * 300)
    await ledger.resolve([SAYS[State.ACCEPTED]["unknown"]], [phone(30)], "x" * 300)
    async with new_page(browser, width=390, height=844, prefers_color_scheme=scheme) as page:
        await page.go(at.url)
        await page.until(f"{LIVE} && document.querySelector('#codes td') && document.querySelector('#quota li')")
        for width in (320, 360, 800, 1440):
            await page.resize(width, 844)
            assert await page.run("document.documentElement.scrollWidth") == width
            assert await page.run(LOW_CONTRAST) == []
        ground = await page.run("getComputedStyle(document.documentElement).backgroundColor")
        assert (ground == "rgb(20, 24, 26)") == (scheme == "dark")


async def test_a_ledger_that_is_away_is_said_to_be_and_what_was_seen_stays(
    page: Page, ledger: CampaignLedger, tmp_path: Path
) -> None:
    (tmp_path / "spring.ledger").rename(tmp_path / "moved")
    await page.until("document.querySelector('#line').className === 'line away'")
    assert "there is no such ledger" in await told(page, "#problem")
    assert (await told(page, "#lead")).startswith("40 of 60")
    (tmp_path / "moved").rename(tmp_path / "spring.ledger")
    await page.until(LIVE)
    assert await page.run("document.querySelector('#problem').hidden")


async def test_a_page_that_nobody_looks_at_asks_for_nothing(page: Page, tmp_path: Path) -> None:
    await page.run("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    await page.run("document.dispatchEvent(new Event('visibilitychange'))")
    (tmp_path / "spring.ledger").rename(tmp_path / "moved")
    asked = len(page.asked)
    await page.run("new Promise((done) => setTimeout(done, 2500))")
    assert await page.run(LIVE)  # it has heard of nothing
    assert len(page.asked) == asked
    await page.run("delete document.hidden")
    await page.run("document.dispatchEvent(new Event('visibilitychange'))")
    await page.until("document.querySelector('#line').className === 'line away'")


async def test_without_the_token_it_says_what_is_missing(browser: str, at: ServedPage) -> None:
    async with new_page(browser) as page:
        await page.go(at.origin)
        assert await told(page, "h1") == "This page needs its token"
        assert "spring" not in await page.run("document.documentElement.outerHTML")


async def test_a_program_that_is_started_anew_wants_its_new_token(browser: str, tmp_path: Path) -> None:
    ledger = await open_ledger(tmp_path / "ledger")
    await begin(ledger, 3)
    await ledger.close()
    async with new_page(browser) as page:
        async with served(tmp_path / "ledger") as first:
            await page.go(first.url)
            await page.until(LIVE)
        await page.until("document.querySelector('#line-text').textContent.includes(`doesn't answer`)")
        async with served(tmp_path / "ledger", port=int(first.origin.rpartition(":")[2])) as second:
            await page.until("document.querySelector('#line-text').textContent.startsWith('Closed')")
            await page.go(second.url)
            await page.until(LIVE)
