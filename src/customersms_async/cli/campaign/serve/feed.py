"""What a page shows, section by section, and who watches it: each watcher is sent what changed, and nothing twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, final

import msgspec

from ...._runtime.tasks import start
from ....sandbox.pages.answers import HEADERS

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_HEARTBEAT: Final = 15.0
"""Seconds without a word after which a watcher gets an empty one: what stands between must not take it for gone."""

_BEGINNING: Final = b"retry: 2000\n\n"
"""The milliseconds after which a browser asks again when it has lost the stream."""


@final
class PageFeed:
    """The sections of a page as server-sent events, each with the number under which it changed last.

    Mutable state: the sections; the last number; how many watch; and what wakes those who wait for news or a watcher.
    """

    def __init__(self) -> None:
        self._sections: dict[str, tuple[int, bytes]] = {}
        self._number = 0
        self._watchers = 0
        self._news = asyncio.Event()
        self._watched = asyncio.Event()

    def put(self, section: str, value: Any) -> None:
        """Have a section show ``value``, which is JSON's; nobody hears of it if it does so already."""
        event = b"event: %s\ndata: %s\n\n" % (section.encode(), msgspec.json.encode(value))
        if section in self._sections and self._sections[section][1] == event:
            return
        self._number += 1
        self._sections[section] = (self._number, event)
        self._news.set()
        self._news = asyncio.Event()

    @property
    def is_watched(self) -> bool:
        """Whether anybody watches."""
        return self._watchers > 0

    async def watched(self) -> None:
        """Wait until somebody watches."""
        await self._watched.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for the events, until whoever asks has gone."""
        headers = {**HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
            return
        gone = start(asyncio.get_running_loop(), _gone(receive))
        self._watchers += 1
        self._watched.set()
        try:
            await send({"type": "http.response.body", "body": _BEGINNING, "more_body": True})
            await self._tell(send, gone)
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._watched.clear()
            gone.cancel()

    async def _tell(self, send: Send, gone: asyncio.Task[None]) -> None:
        seen = 0
        while not gone.done():
            news, body = self._news, b"".join(event for number, event in self._sorted() if number > seen)
            seen = self._number
            if body:
                await send({"type": "http.response.body", "body": body, "more_body": True})
                continue
            waiting = start(asyncio.get_running_loop(), news.wait())
            try:
                await asyncio.wait([waiting, gone], timeout=_HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
            if not news.is_set() and not gone.done():
                await send({"type": "http.response.body", "body": b":\n\n", "more_body": True})

    def _sorted(self) -> list[tuple[int, bytes]]:
        return sorted(self._sections.values())


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
