"""Take the picture of the sandbox's inbox: ``PYTHONPATH=tests python -m tools.record_inbox`` writes ``docs/inbox.png``.

A real page in a real browser (Debian's ``chromium``), after a few made-up texts.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import expect

from customersms_async import AsyncClient, MemoryQuota, Message
from customersms_async.sandbox import Sandbox
from support.chromium import chromium, new_page

PICTURE = Path(__file__).parent.parent / "docs" / "inbox.png"
TEXTS = (
    Message("+15005551502", "Your parcel comes tomorrow between 10 and 12."),
    Message("+15005550001", "Your code is 482913. It is valid for ten minutes."),
    Message("+48600100200", "Przypominamy o wizycie jutro o 9:15. Do zobaczenia!"),
    Message("+12125551234", "Hi Ann, your table for four is booked for Friday at 19:30. Reply STOP to opt out."),
    Message("+13235554567", "Doors open at eight"),
)


async def main() -> None:
    """Send, look, and keep what is seen."""
    sandbox = Sandbox()
    async with (
        chromium() as browser,
        sandbox.serve() as url,
        AsyncClient(api_key=sandbox.api_key, url=url, quota=MemoryQuota(), batch_size=1) as client,
        new_page(browser, width=1280, height=840) as page,
    ):
        for text in TEXTS:
            await client.send_many([text])
        await page.goto(url.removesuffix("sms_system/api.php"))
        await expect(page.locator("#texts li")).to_have_count(len(TEXTS))
        await page.screenshot(path=PICTURE, animations="disabled")


if __name__ == "__main__":
    asyncio.run(main())
