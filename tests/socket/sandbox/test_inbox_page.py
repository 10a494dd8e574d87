"""The inbox's page in a browser: what a person sees, writes and switches there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, MemoryQuota
from customersms_async.sandbox import Fault, Sandbox, magic
from support.chromium import LOW_CONTRAST, Page, chromium, new_page
from support.sandbox_requests import KEY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PHONE = "+12125551234"
MARKUP = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script> & more"
RIGHT_TO_LEFT = "\u202eabc\n\n\u05e9\u05dc\u05d5\u05dd  \u05e2\u05d5\u05dc\u05dd"
ROWS = "document.querySelectorAll('#texts li').length"
LOOK = "dispatchEvent(new Event('focus'))"  # as when a person comes back to the window: it looks at once


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chromium(tmp_path_factory.mktemp("chromium")) as address:
        yield address


@pytest.fixture
async def at() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox({KEY: 50_000})
    async with sandbox.serve():
        yield sandbox


@pytest.fixture
async def client(at: Sandbox) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(
        api_key=KEY, url=at.url, quota=MemoryQuota(), pace=None, max_retries=0, batch_size=500
    ) as sending:
        yield sending


@pytest.fixture
async def page(browser: str, at: Sandbox) -> AsyncIterator[Page]:
    """The page, open and live; in the end it has complained of nothing, and asked nobody else."""
    root = at.url.removesuffix("sms_system/api.php")
    async with new_page(browser) as opened:
        await opened.go(root)
        await opened.until("document.querySelector('#line').className === 'line live'")
        yield opened
        assert opened.complaints == []
        assert {url for url in opened.asked if not url.startswith(root)} <= {"about:blank"}


async def told(page: Page, selector: str) -> str:
    """What stands in an element, as a person sees it."""
    shown: str = await page.run(f"document.querySelector({selector!r}).innerText")
    return shown


def missing(text: str, *words: str) -> list[str]:
    return [word for word in words if word not in text]


async def shows(page: Page, selector: str, text: str) -> None:
    """Wait until an element holds a text."""
    await page.until(f"document.querySelector({selector!r}).textContent.includes({text!r})")


async def test_texts_come_as_they_are_sent_newest_first(page: Page, client: AsyncClient) -> None:
    assert "No texts yet" in await told(page, "#empty")
    await client.send(PHONE, "Hello 🎈" * 12)
    await client.send_many([magic.number(Fault.ROW_REJECTED)], "Second")
    await page.run(LOOK)
    await page.until(f"{ROWS} === 2")
    first, second = (await told(page, "#texts")).split("+1212")
    assert missing(first, "+15005550001", "Second", "Refused · INVALID_NUMBER", "1 segment") == []
    assert missing(second, "Hello 🎈", "Accepted", "2 segments", "UCS-2", "msg_000001") == []
    counts = await page.run("[...document.querySelectorAll('.counts dd')].map((one) => one.textContent)")
    assert counts == ["1", "1", "2", "2", "49,999"]
    assert await page.run("document.querySelector('#empty').hidden")
    assert "cspro_" not in await page.run("document.documentElement.outerHTML")


async def test_what_a_text_holds_is_never_markup(page: Page, client: AsyncClient) -> None:
    await client.send(PHONE, MARKUP)
    await client.send(PHONE, RIGHT_TO_LEFT)
    await page.run(LOOK)
    await page.until(f"{ROWS} === 2")
    assert MARKUP in await told(page, "#texts")
    assert await page.run("document.querySelectorAll('#texts img, #texts script').length") == 0
    assert await page.run("document.title") == "Sandbox inbox"
    assert await page.run("document.querySelector('.message').textContent") == RIGHT_TO_LEFT


async def test_numbers_words_and_outcomes_are_searched(page: Page, client: AsyncClient) -> None:
    await client.send_many([f"+1212555{number:04}" for number in range(30)], "Doors open at eight")
    await client.send_many([magic.number(Fault.ROW_REJECTED), magic.number(Fault.ROW_MISSING)], "Closed today")
    await page.run(LOOK)
    await page.until(f"{ROWS} === 32")
    await page.press("/")
    await page.write("555-0007")
    assert (await page.run(ROWS), await told(page, "#found")) == (1, "1 text of 32")
    assert await told(page, ".phone") == "+12125550007"
    await page.run("document.querySelector('#query').select()")
    await page.write("closed TODAY")
    assert await page.run(ROWS) == 2
    await page.press("Escape")
    assert await page.run(ROWS) == 32
    for outcome, rows in (("refused", 1), ("fault", 2), ("accepted", 31)):
        await page.run(f"(document.querySelector('#outcome').value = {outcome!r})")
        await page.run("document.querySelector('#outcome').dispatchEvent(new Event('change'))")
        assert await page.run(ROWS) == rows
    await page.click("#query")
    await page.write("99999999")
    assert await told(page, "#nothing h2") == "Nothing found"
    await page.click("#clear")
    assert await page.run(ROWS) == 32
    await page.click("#texts li:nth-child(5) .phone")
    assert await told(page, "#found") == "1 text of 32"


async def test_thousands_of_texts_are_few_rows_and_all_are_found(page: Page, client: AsyncClient, at: Sandbox) -> None:
    await client.send_many([f"+1212{number:07}" for number in range(2_000_000, 2_020_000)], "Hello")
    await page.run(LOOK)
    await shows(page, "#found", "20,000 texts")
    assert await page.run(ROWS) == 100
    await page.click("#query")
    await page.write("2000000")
    assert (await page.run(ROWS), await told(page, "#found")) == (1, "1 text of 20,000")
    await page.press("Escape")
    await page.click("#more")
    assert await page.run(ROWS) == 200
    assert await page.run("document.activeElement === document.querySelectorAll('.phone')[100]")


async def test_a_reader_further_down_is_told_and_not_moved(page: Page, client: AsyncClient) -> None:
    await client.send_many([f"+1212555{number:04}" for number in range(50)], "Hello")
    await page.run(LOOK)
    await page.until(f"{ROWS} === 50")
    await page.run("scrollTo(0, 2000)")
    before = await page.run("[scrollY, document.querySelector('.phone').textContent]")
    await client.send(PHONE, "New")
    await page.run(LOOK)
    await page.until("!document.querySelector('#fresh').hidden")
    assert await told(page, "#fresh") == "1 new text ↑"
    assert await page.run("[scrollY, document.querySelector('.phone').textContent]") == before
    await page.click("#fresh")
    assert await page.run("[scrollY, document.querySelector('.phone').textContent]") == [0, PHONE]
    assert await page.run("document.querySelector('#fresh').hidden")


async def test_a_fault_is_switched_on_for_the_next_request(page: Page, client: AsyncClient) -> None:
    await page.run("(document.querySelector('#fault').value = 'SLOW')")
    await page.run("document.querySelector('#fault').dispatchEvent(new Event('change'))")
    assert await told(page, "#fault-says") == "Answered so many seconds late. The texts are accepted all the same."
    await page.run("document.querySelector('#seconds').select()")
    await page.write("0.01")
    await page.click("#fault-on")
    await shows(page, "#fault-now", "On for the next request: SLOW")
    await client.send(PHONE, "Hello")
    await page.run(LOOK)
    await shows(page, "#fault-now", "Off")
    assert await page.run("document.querySelector('#fault-on').checked") is False
    assert "SLOW" in await told(page, "#texts li")


async def test_a_fault_is_on_until_it_is_switched_off(page: Page, at: Sandbox, client: AsyncClient) -> None:
    await page.click("#often-all")
    await page.run("document.querySelector('#fault-on').focus()")
    await page.press("Space")
    await shows(page, "#fault-now", "On for every request: STATUS_502")
    assert (await client.send_many([PHONE], "Hello")).unknown == 1
    await page.press("Space")
    await shows(page, "#fault-now", "Off")
    assert (await client.send_many([PHONE], "Hello")).accepted == 1


async def test_limits_are_edited_switched_off_and_put_back(page: Page, client: AsyncClient) -> None:
    limits = "document.querySelector('#limits-now').textContent"
    assert await page.run("[...document.querySelectorAll('#limits input')].map((one) => Number(one.value))") == [
        *(100, 60, 5_000, 3_600, 50_000, 86_400)
    ]
    await page.run("document.querySelector('.limit-requests').select()")
    await page.write("1")
    await page.press("Tab")
    await page.until("performance.getEntriesByName(new URL('/switches', location)).length > 1")
    await client.send(PHONE, "Hello")
    assert (await client.send_many([PHONE], "Hello", max_wait=0)).unsent == 1
    await page.click("#limits-on")
    await shows(page, "#limits-now", "Off")
    other = client.with_options(quota=MemoryQuota())
    assert (await other.send_many([PHONE], "Hello")).accepted == 1
    await page.click("#limits-given")
    await shows(page, "#limits-now", "On")
    assert await page.run("document.querySelector('.limit-requests').value") == "100"
    await page.run("document.querySelector('.limit-seconds').select()")
    await page.write("0")
    await page.press("Tab")
    await shows(page, "#limits-wrong", "seconds above 0")
    await page.click(".remove")
    await page.until("document.querySelectorAll('#limits li').length === 2")
    assert "On" in await page.run(limits)


async def test_beginning_anew_is_asked_for_twice(page: Page, at: Sandbox, client: AsyncClient) -> None:
    await client.send(PHONE, "Hello")
    await page.run(LOOK)
    await page.until(f"{ROWS} === 1")
    await page.click("#anew")
    await page.press("Escape")
    assert not await page.run("document.querySelector('#sure').open")
    assert len(at.texts) == 1
    await page.click("#anew")
    await page.click("#sure-yes")
    await page.until(f"{ROWS} === 0 && !document.querySelector('#empty').hidden")
    assert len(at.texts) == 0
    await client.send(PHONE, "Hello again")
    await page.run(LOOK)
    await page.until(f"{ROWS} === 1")


async def test_everything_has_a_name_for_those_who_listen(page: Page, client: AsyncClient) -> None:
    await client.send(PHONE, "Hello")
    await page.run(LOOK)
    await page.until(f"{ROWS} === 1")
    assert await page.named("switch") == ["Fault", "Limits"]
    assert await page.named("searchbox") == ["Search by number, or by words of the text"]
    assert await page.named("combobox") == ["Outcome", "What goes wrong"]
    assert await page.named("spinbutton") == [
        "So many requests",
        *(f"Limit {number}: {what}" for number in (1, 2, 3) for what in ("requests", "seconds")),
    ]
    assert "" not in await page.named("button")
    assert await page.named("heading") == ["Sandbox inbox", "Fault", "Limits"]
    assert await page.run("document.querySelector('#news').textContent") == "1 new text"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_is_wider_than_the_window_and_everything_can_be_read(
    browser: str, at: Sandbox, client: AsyncClient, scheme: str
) -> None:
    await client.send_many([PHONE, magic.number(Fault.ROW_REJECTED)], "W" * 500 + " https://example.com/" + "x" * 200)
    await client.send_many([magic.number(Fault.ROW_MISSING)], "Hello")
    async with new_page(browser, width=390, height=844, prefers_color_scheme=scheme) as page:
        await page.go(at.url.removesuffix("sms_system/api.php"))
        await page.until(f"{ROWS} === 3")
        await page.click("summary")
        for width in (320, 390, 768, 1280):
            await page.resize(width, 844)
            assert await page.run("document.documentElement.scrollWidth") == width
            assert await page.run(LOW_CONTRAST) == []
        ground = await page.run("getComputedStyle(document.documentElement).backgroundColor")
        assert (ground == "rgb(20, 24, 26)") == (scheme == "dark")


async def test_it_says_that_the_sandbox_is_gone_and_finds_one_that_is_back(browser: str) -> None:
    first = Sandbox({KEY: 10})
    async with new_page(browser) as page:
        async with first.serve() as url, AsyncClient(api_key=KEY, url=url, quota=MemoryQuota()) as client:
            await client.send(PHONE, "Hello")
            await page.go(url.removesuffix("sms_system/api.php"))
            await page.until(f"{ROWS} === 1")
            port = int(url.split(":")[2].split("/")[0])
        await page.run(LOOK)
        await shows(page, "#line", "The sandbox doesn't answer")
        async with Sandbox({KEY: 10}).serve(port=port):
            await page.run(LOOK)
            await page.until(f"document.querySelector('#line').className === 'line live' && {ROWS} === 0")
