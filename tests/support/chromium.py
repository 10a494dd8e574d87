"""A Chromium without a window, spoken to over the DevTools protocol: https://chromedevtools.github.io/devtools-protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from support.platforms import WINDOWS
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

_OPTIONS = (
    "--headless",
    "--no-sandbox",  # root may have none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "about:blank",
)
_LISTENS = b"DevTools listening on "


def installed() -> str:
    """The path of the browser; skips a test where it is missing, and fails it in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CI") and not WINDOWS:
            pytest.fail("chromium is missing: CI must have it")
        pytest.skip("chromium is not installed (on Debian: apt-get install chromium)")
    return found


@contextlib.contextmanager
def chromium(folder: Path) -> Iterator[str]:
    """Start a browser whose profile is in an empty folder; gives the address at which it takes commands."""
    process = subprocess.Popen(  # noqa: S603 - a program of the system's own
        [installed(), f"--user-data-dir={folder}", *_OPTIONS], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    reading = threading.Thread(target=process.stderr.read, daemon=True)  # or it might wait for room to complain
    try:
        line = next((line for line in process.stderr if line.startswith(_LISTENS)), None)
        reading.start()
        assert line is not None, "chromium ended before it listened"
        yield line.removeprefix(_LISTENS).decode().strip()
    finally:
        process.terminate()
        reading.join(PATIENCE)  # to its end: that of the helpers, which write there too
        process.stderr.close()
        process.wait(PATIENCE)


@contextlib.asynccontextmanager
async def new_page(address: str, *, width: int = 1280, height: int = 900, **media: str) -> AsyncIterator[Page]:
    """An empty page with nothing of the others', so many pixels large; ``media`` as ``prefers_color_scheme="dark"``."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(address, max_msg_size=0) as socket,
    ):
        page = Page(socket)
        reading = asyncio.create_task(page.read())
        try:
            context = (await page.command("Target.createBrowserContext"))["browserContextId"]
            await page.attach(context)
            await page.resize(width, height)
            features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
            await page.command("Emulation.setEmulatedMedia", features=features)
            yield page
            page.in_page = False
            await page.command("Target.disposeBrowserContext", browserContextId=context)
        finally:
            reading.cancel()
            await asyncio.wait([reading])


class Page:
    """One page. Mutable: its session, the answers that are waited for, and what it complained of."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self._session: str | None = None
        self.in_page = False
        self.complaints: list[str] = []
        self.asked: list[str] = []

    async def read(self) -> None:
        """Take what the browser says, until cancelled."""
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._waiting.pop(told["id"]).set_result(told)
            else:
                self._hear(told["method"], told["params"])

    def _hear(self, event: str, told: dict[str, Any]) -> None:
        if event == "Page.loadEventFired":
            self._loaded.set()
        elif event == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(str(told["exceptionDetails"]))
        elif event == "Log.entryAdded" and told["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url')}")

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give a command, and return what came of it."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        to = {"sessionId": self._session} if self.in_page else {}
        await self._socket.send_str(json.dumps({"id": number, "method": method, "params": parameters, **to}))
        told = await asyncio.wait_for(self._waiting[number], PATIENCE)
        assert "error" not in told, f"{method}: {told['error']}"
        result: dict[str, Any] = told["result"]
        return result

    async def attach(self, context: str) -> None:
        """Open the page itself; commands go there from now on."""
        target = (await self.command("Target.createTarget", url="about:blank", browserContextId=context))["targetId"]
        attached = await self.command("Target.attachToTarget", targetId=target, flatten=True)
        self._session, self.in_page = attached["sessionId"], True
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            await self.command(f"{domain}.enable")

    async def resize(self, width: int, height: int) -> None:
        """Have the page so many pixels large."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.command("Emulation.setDeviceMetricsOverride", **size)

    async def go(self, url: str) -> None:
        """Open a page, and come back once it is loaded."""
        self._loaded.clear()
        await self.command("Page.navigate", url=url)
        await asyncio.wait_for(self._loaded.wait(), PATIENCE)

    async def run(self, script: str) -> Any:
        """The value of an expression in the page; waits if it is a promise."""
        told = await self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]["exception"]["description"]
        return told["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait until an expression is true in the page, looking at each change of it."""
        await self.run(
            f"""new Promise((done, fail) => {{
                const watch = new MutationObserver(() => look());
                const look = () => {{ if ({condition}) {{ watch.disconnect(); clearTimeout(late); done(); }} }};
                const told = () => new Error(document.body.innerText.slice(0, 1000));
                const late = setTimeout(() => fail(told()), {PATIENCE * 900});
                watch.observe(document, {{attributes: true, characterData: true, childList: true, subtree: true}});
                look();
            }})"""
        )

    async def press(self, *keys: str, modifiers: int = 0) -> None:
        """Press keys, one after the other: letters, or names such as ``Tab`` and ``Enter``."""
        for key in keys:
            text = {"Enter": "\r", "Space": " "}.get(key, key if len(key) == 1 else "")
            said = {"key": " " if key == "Space" else key, "modifiers": modifiers}
            said |= {"windowsVirtualKeyCode": _CODES.get(key, ord(key[0].upper())), "code": key}
            await self.command("Input.dispatchKeyEvent", type="keyDown", text=text, **said)
            await self.command("Input.dispatchKeyEvent", type="keyUp", **said)

    async def write(self, text: str) -> None:
        """Write where the focus is."""
        await self.command("Input.insertText", text=text)

    async def click(self, selector: str) -> None:
        """Click in the middle of an element, wherever on the page it is."""
        at = await self.run(
            f"""(() => {{
                const one = document.querySelector({json.dumps(selector)});
                one.scrollIntoView({{block: "nearest", behavior: "instant"}});
                const box = one.getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2];
            }})()"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            place = {"x": at[0], "y": at[1], "button": "left", "clickCount": 1}
            await self.command("Input.dispatchMouseEvent", type=kind, **place)

    async def named(self, role: str) -> list[str]:
        """What a screen reader says of all elements of a role, in the order of the page."""
        nodes = (await self.command("Accessibility.getFullAXTree"))["nodes"]
        return [
            node["name"]["value"] for node in nodes if not node["ignored"] and node.get("role", {}).get("value") == role
        ]

    async def picture(self, *, whole: bool = False) -> bytes:
        """The page as PNG: what can be seen of it, or all."""
        taken = await self.command("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(taken["data"])


_CODES = {"Tab": 9, "Enter": 13, "Escape": 27, "Space": 32, "ArrowDown": 40, "/": 191}

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
