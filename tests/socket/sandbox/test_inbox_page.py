"""The inbox's page in a browser: what a person sees, writes and switches there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from customersms_async import AsyncClient, MemoryQuota
from customersms_async.sandbox import Fault, Sandbox, magic
from support.chromium import LOW_CONTRAST, chromium, faultless, names, new_page
from support.sandbox_requests import KEY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

PHONE = "+12125551234"
MARKUP = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script> & more"
RIGHT_TO_LEFT = "\u202eabc\n\n\u05e9\u05dc\u05d5\u05dd  \u05e2\u05d5\u05dc\u05dd"
ROWS = "#texts li"
PLACE = "[scrollY, document.querySelector('.phone').textContent]"

pytestmark = pytest.mark.asyncio(loop_scope="module")  # a browser is bound to the loop that started it


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def at() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox({KEY: 50_000})
    async with sandbox.serve():
        yield sandbox


@pytest_asyncio.fixture(loop_scope="module")
async def client(at: Sandbox) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(
        api_key=KEY, url=at.url, quota=MemoryQuota(), pace=None, max_retries=0, batch_size=500
    ) as sending:
        yield sending


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, at: Sandbox) -> AsyncIterator[Page]:
    """The page, open and live; in the end it has complained of nothing, and asked nobody else."""
    root = at.url.removesuffix("sms_system/api.php")
    async with new_page(browser) as opened, faultless(opened, root):
        await opened.goto(root)
        await expect(opened.locator("#line")).to_have_class("line live")
        yield opened


async def look(page: Page) -> None:
    """Come back to the window, at which the page looks for texts at once."""
    await page.evaluate("dispatchEvent(new Event('focus'))")


async def shows(page: Page, rows: int) -> None:
    """Look, and wait until there are so many texts."""
    await look(page)
    await expect(page.locator(ROWS)).to_have_count(rows)


async def told(page: Page, selector: str) -> str:
    """What stands in an element, as a person sees it."""
    return await page.locator(selector).inner_text()


def missing(text: str, *words: str) -> list[str]:
    return [word for word in words if word not in text]


async def test_texts_come_as_they_are_sent_newest_first(page: Page, client: AsyncClient) -> None:
    assert "No texts yet" in await told(page, "#empty")
    await client.send(PHONE, "Hello 🎈" * 12)
    await client.send_many([magic.number(Fault.ROW_REJECTED)], "Second")
    await shows(page, 2)
    first, second = (await told(page, "#texts")).split("+1212")
    assert missing(first, "+15005550001", "Second", "Refused · INVALID_NUMBER", "1 segment") == []
    assert missing(second, "Hello 🎈", "Accepted", "2 segments", "UCS-2", "msg_000001") == []
    assert await page.locator(".counts dd").all_text_contents() == ["1", "1", "2", "2", "49,999"]
    assert await page.locator("#empty").is_hidden()
    assert "cspro_" not in await page.content()


async def test_what_a_text_holds_is_never_markup(page: Page, client: AsyncClient) -> None:
    await client.send(PHONE, MARKUP)
    await client.send(PHONE, RIGHT_TO_LEFT)
    await shows(page, 2)
    assert MARKUP in await told(page, "#texts")
    assert await page.locator("#texts img, #texts script").count() == 0
    assert await page.title() == "Sandbox inbox"
    assert await page.locator(".message").first.text_content() == RIGHT_TO_LEFT


async def test_numbers_words_and_outcomes_are_searched(page: Page, client: AsyncClient) -> None:
    rows, query = page.locator(ROWS), page.get_by_role("searchbox")
    await client.send_many([f"+1212555{number:04}" for number in range(30)], "Doors open at eight")
    await client.send_many([magic.number(Fault.ROW_REJECTED), magic.number(Fault.ROW_MISSING)], "Closed today")
    await shows(page, 32)
    await page.keyboard.press("/")
    await page.keyboard.type("555-0007")
    assert (await rows.count(), await told(page, "#found")) == (1, "1 text of 32")
    assert await told(page, ".phone") == "+12125550007"
    await query.fill("closed TODAY")
    assert await rows.count() == 2
    await page.keyboard.press("Escape")
    assert await rows.count() == 32
    for outcome, count in (("Refused", 1), ("With a fault", 2), ("Accepted", 31)):
        await page.get_by_label("Outcome").select_option(outcome)
        assert await rows.count() == count
    await query.click()
    await page.keyboard.type("99999999")
    assert await page.get_by_role("heading", name="Nothing found").is_visible()
    await page.get_by_role("button", name="Show all").click()
    assert await rows.count() == 32
    await rows.nth(4).locator(".phone").click()
    assert await told(page, "#found") == "1 text of 32"


async def test_thousands_of_texts_are_few_rows_and_all_are_found(page: Page, client: AsyncClient, at: Sandbox) -> None:
    rows = page.locator(ROWS)
    await client.send_many([f"+1212{number:07}" for number in range(2_000_000, 2_020_000)], "Hello")
    await look(page)
    await expect(page.locator("#found")).to_contain_text("20,000 texts")
    assert await rows.count() == 100
    await page.get_by_role("searchbox").click()
    await page.keyboard.type("2000000")
    assert (await rows.count(), await told(page, "#found")) == (1, "1 text of 20,000")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Show older texts").click()
    assert await rows.count() == 200
    assert await page.locator(".phone").nth(100).evaluate("one => one === document.activeElement")


async def test_a_reader_further_down_is_told_and_not_moved(page: Page, client: AsyncClient) -> None:
    await client.send_many([f"+1212555{number:04}" for number in range(50)], "Hello")
    await shows(page, 50)
    await page.evaluate("scrollTo(0, 2000)")
    before = await page.evaluate(PLACE)
    await client.send(PHONE, "New")
    await look(page)
    fresh = page.get_by_role("button", name="1 new text ↑", exact=True)
    await fresh.wait_for()
    assert await page.evaluate(PLACE) == before
    await fresh.click()
    assert await page.evaluate(PLACE) == [0, PHONE]
    assert await page.locator("#fresh").is_hidden()


async def test_a_fault_is_switched_on_for_the_next_request(page: Page, client: AsyncClient) -> None:
    switch, now = page.get_by_role("switch", name="Fault"), page.locator("#fault-now")
    await page.get_by_label("What goes wrong").select_option("SLOW")
    assert await told(page, "#fault-says") == "Answered so many seconds late. The texts are accepted all the same."
    await page.get_by_label("Seconds", exact=True).fill("0.01")
    await switch.click()
    await expect(now).to_contain_text("On for the next request: SLOW")
    await client.send(PHONE, "Hello")
    await look(page)
    await expect(now).to_contain_text("Off")
    assert not await switch.is_checked()
    assert "SLOW" in await told(page, ROWS)


async def test_a_fault_is_on_until_it_is_switched_off(page: Page, at: Sandbox, client: AsyncClient) -> None:
    now = page.locator("#fault-now")
    await page.get_by_label("Every request, until switched off").click()
    await page.get_by_role("switch", name="Fault").focus()
    await page.keyboard.press("Space")
    await expect(now).to_contain_text("On for every request: STATUS_502")
    assert (await client.send_many([PHONE], "Hello")).unknown == 1
    await page.keyboard.press("Space")
    await expect(now).to_contain_text("Off")
    assert (await client.send_many([PHONE], "Hello")).accepted == 1


async def test_limits_are_edited_switched_off_and_put_back(page: Page, client: AsyncClient) -> None:
    now, first = page.locator("#limits-now"), page.get_by_label("Limit 1: requests")
    values = await page.locator("#limits input").evaluate_all("all => all.map((one) => Number(one.value))")
    assert values == [*(100, 60, 5_000, 3_600, 50_000, 86_400)]
    await first.fill("1")
    async with page.expect_response(lambda answer: answer.request.method == "PUT"):
        await page.keyboard.press("Tab")
    await client.send(PHONE, "Hello")
    assert (await client.send_many([PHONE], "Hello", max_wait=0)).unsent == 1
    await page.get_by_role("switch", name="Limits").click()
    await expect(now).to_contain_text("Off")
    other = client.with_options(quota=MemoryQuota())
    assert (await other.send_many([PHONE], "Hello")).accepted == 1
    await page.get_by_role("button", name="As started").click()
    await expect(now).to_contain_text("On")
    assert await first.input_value() == "100"
    await page.get_by_label("Limit 1: seconds").fill("0")
    await page.keyboard.press("Tab")
    await expect(page.locator("#limits-wrong")).to_contain_text("seconds above 0")
    await page.get_by_role("button", name="Remove limit 1").click()
    await expect(page.locator("#limits li")).to_have_count(2)
    assert "On" in await told(page, "#limits-now")


async def test_beginning_anew_is_asked_for_twice(page: Page, at: Sandbox, client: AsyncClient) -> None:
    anew, sure = page.get_by_role("button", name="Begin anew…"), page.get_by_role("dialog", name="Begin anew?")
    await client.send(PHONE, "Hello")
    await shows(page, 1)
    await anew.click()
    assert await sure.is_visible()
    await page.keyboard.press("Escape")
    assert await sure.is_hidden()
    assert len(at.texts) == 1
    await anew.click()
    await sure.get_by_role("button", name="Begin anew").click()
    await expect(page.locator(ROWS)).to_have_count(0)
    await expect(page.locator("#empty")).to_be_visible()
    assert len(at.texts) == 0
    await client.send(PHONE, "Hello again")
    await shows(page, 1)


async def test_everything_has_a_name_for_those_who_listen(page: Page, client: AsyncClient) -> None:
    await client.send(PHONE, "Hello")
    await shows(page, 1)
    assert await names(page.get_by_role("switch")) == ["Fault", "Limits"]
    assert await names(page.get_by_role("searchbox")) == ["Search by number, or by words of the text"]
    assert await names(page.get_by_role("combobox")) == ["Outcome", "What goes wrong"]
    assert await names(page.get_by_role("spinbutton")) == [
        "So many requests",
        *(f"Limit {number}: {what}" for number in (1, 2, 3) for what in ("requests", "seconds")),
    ]
    assert all(await names(page.get_by_role("button")))
    assert await names(page.get_by_role("heading")) == ["Sandbox inbox", "Fault", "Limits"]
    assert await page.locator("#news").text_content() == "1 new text"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_is_wider_than_the_window_and_everything_can_be_read(
    browser: Browser, at: Sandbox, client: AsyncClient, scheme: str
) -> None:
    await client.send_many([PHONE, magic.number(Fault.ROW_REJECTED)], "W" * 500 + " https://example.com/" + "x" * 200)
    await client.send_many([magic.number(Fault.ROW_MISSING)], "Hello")
    async with new_page(browser, width=390, height=844, color_scheme=scheme) as page:
        await page.goto(at.url.removesuffix("sms_system/api.php"))
        await expect(page.locator(ROWS)).to_have_count(3)
        await page.locator("summary").click()
        for width in (320, 390, 768, 1280):
            await page.set_viewport_size({"width": width, "height": 844})
            assert await page.evaluate("document.documentElement.scrollWidth") == width
            assert await page.evaluate(LOW_CONTRAST) == []
        ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert (ground == "rgb(20, 24, 26)") == (scheme == "dark")


async def test_it_says_that_the_sandbox_is_gone_and_finds_one_that_is_back(browser: Browser) -> None:
    first = Sandbox({KEY: 10})
    async with new_page(browser) as page:
        async with first.serve() as url, AsyncClient(api_key=KEY, url=url, quota=MemoryQuota()) as client:
            await client.send(PHONE, "Hello")
            await page.goto(url.removesuffix("sms_system/api.php"))
            await expect(page.locator(ROWS)).to_have_count(1)
            port = int(url.split(":")[2].split("/")[0])
        await look(page)
        await expect(page.locator("#line")).to_contain_text("The sandbox doesn't answer")
        async with Sandbox({KEY: 10}).serve(port=port):
            await shows(page, 0)
            await expect(page.locator("#line")).to_have_class("line live")
