"""The system's Chromium, without a window, driven by Playwright."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import async_playwright, expect

from support.platforms import WINDOWS
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request

_OPTIONS = (
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing comes from elsewhere unnoticed
    "--enable-blink-features=ComputedAccessibilityInfo",  # gives elements a computedName
)


def installed() -> str:
    """The path of the browser; skips a test where it is missing, and fails it in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CI") and not WINDOWS:
            pytest.fail("chromium is missing: CI must have it")
        pytest.skip("chromium is not installed (on Debian: apt-get install chromium)")
    return found


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser; none but the event loop that starts it can drive it."""
    path = installed()
    expect.set_options(timeout=PATIENCE * 1000)
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(executable_path=path, args=_OPTIONS) as browser,
    ):
        yield browser


@contextlib.asynccontextmanager
async def new_page(browser: Browser, *, width: int = 1280, height: int = 900, **options: Any) -> AsyncIterator[Page]:
    """An empty page with nothing of the others', so many pixels large; ``options`` as ``color_scheme="dark"``."""
    async with await browser.new_page(viewport={"width": width, "height": height}, **options) as page:
        page.set_default_timeout(PATIENCE * 1000)
        yield page


@contextlib.asynccontextmanager
async def faultless(page: Page, origin: str) -> AsyncIterator[None]:
    """Whatever happens in here, the page complains of nothing, and asks nobody else."""
    wrong: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            wrong.append(f"{message.text} {message.location['url']}")

    def see(request: Request) -> None:
        if not request.url.startswith(origin):
            wrong.append(f"It asked for {request.url}")

    page.on("console", hear)
    page.on("request", see)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield
    await page.evaluate("0")  # its answer comes after whatever the page has said by now
    assert not wrong, wrong


async def names(elements: Locator) -> list[str]:
    """What a screen reader calls them, as the browser has worked it out."""
    found: list[str] = await elements.evaluate_all("all => all.map((one) => one.computedName)")
    return found


LOW_CONTRAST = """(() => {
    const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = (color) => {
        const linear = (one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
        const [r, g, b] = color.map((one) => linear(one / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (one) => {
        const color = numbers(getComputedStyle(one).backgroundColor);
        return color.length === 4 && color[3] === 0 ? behind(one.parentElement) : color;
    };
    return [...document.querySelectorAll("body *")].filter((one) => {
        const said = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!said || !one.checkVisibility() || one.closest("option, .hidden, noscript")) return false;
        const [a, b] = [light(numbers(getComputedStyle(one).color)), light(behind(one))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
    }).map((one) => one.outerHTML.slice(0, 100));
})()"""
"""The elements whose text can't be read well: WCAG's contrast below 4.5."""
