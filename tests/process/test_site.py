"""The site in a browser, where ``make docs`` has built it: it fits three widths, and asks nobody else for anything."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from support.chromium import LOW_CONTRAST, chromium, faultless, new_page
from support.site import BUILT, navigation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Browser

pytestmark = [
    pytest.mark.skipif(not (BUILT / "index.html").exists(), reason="make docs has not built the site"),
    pytest.mark.asyncio(loop_scope="module"),  # a browser is bound to the loop that started it
]

WIDTHS = (1440, 820, 390)
READ = ("index.html", "one-time-passwords.html", "outcomes.html", "campaigns.html", "reference/client.html")
"""A page of each kind, and those with the longest tables and widest pictures."""
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"
WITHOUT_FRAME = 'document.querySelectorAll("header, footer, nav, .md-sidebar").forEach((one) => one.remove())'
"""Takes away what zensical puts around a page, whose grounds are half transparent."""
PAGES = [place.removesuffix(".md") + ".html" for _, place in navigation()]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's own name
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(BUILT))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


async def test_every_page_fits_a_phone(browser: Browser, site: str) -> None:
    too_wide: list[str] = []
    async with new_page(browser, width=390, java_script_enabled=False) as page:
        for place in PAGES:
            await page.goto(site + place)
            if await page.evaluate(TOO_WIDE):
                too_wide.append(place)
    assert too_wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_fit_and_can_be_read_and_ask_nobody_else(browser: Browser, site: str, scheme: str) -> None:
    async with new_page(browser, color_scheme=scheme) as page, faultless(page, site):
        for place in READ:
            await page.goto(site + place)
            for width in WIDTHS:
                await page.set_viewport_size({"width": width, "height": 900})
                assert not await page.evaluate(TOO_WIDE), (place, width)
            await page.evaluate(WITHOUT_FRAME)
            assert await page.evaluate(LOW_CONTRAST) == [], place


async def test_the_toggle_and_the_search_work(browser: Browser, site: str) -> None:
    async with new_page(browser, color_scheme="light") as page, faultless(page, site):
        await page.goto(f"{site}limits.html")
        dark = 'getComputedStyle(document.querySelector("img[src$=quota\\\\.svg]")).colorScheme'
        assert await page.evaluate(dark) == "light"
        await page.get_by_title("Always light").click()
        await page.get_by_title("Always dark").click()
        assert await page.evaluate(dark) == "dark"
        await page.keyboard.press("Control+k")
        await page.keyboard.type("terminationGracePeriodSeconds")
        await expect(page.get_by_role("link", name="Health").first).to_be_visible()


async def test_the_commands_of_a_terminals_block_are_copied_and_nothing_else(browser: Browser, site: str) -> None:
    async with new_page(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        await page.goto(f"{site}start.html")
        await page.locator("pre:has(.gp):has(.go)", has_text="python hello.py").get_by_role("button").click()
        copied = (await page.evaluate("navigator.clipboard.readText()")).splitlines()
    assert copied[-1] == "python hello.py"
    assert not [line for line in copied if line.startswith(("$", "accepted"))]
