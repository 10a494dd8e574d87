"""The progress of one POST, heard from the engine as it goes.

An engine of httpx's shape reports every step to ``PostProgress.trace``. Any other shows its progress by asking for the
body, which is ``RequestBody``. Both ask ``about_to_leave`` before the first byte.
"""

from __future__ import annotations

import asyncio
import errno
import functools
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, final
from urllib.parse import urlsplit

from .._core.post_result import NoAnswer, NotSent
from .engine import HAS_ENDED
from .error_meaning import kept_back
from .error_words import Peer
from .exact_headers import drop_cookies, make_exact_on_the_wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from .._core.post_result import Answer
    from .._core.secret import Sealed

BeforeFirstByte = Callable[[], Awaitable[bool]]
"""A question asked once, when a connection stands and the request is about to leave; false keeps it from leaving."""

LEAST_SECONDS: Final = 0.001
"""Seconds of the shortest time-out that an engine is given: zero would mean that there is none."""


class HeldBack(Exception):  # noqa: N818 - unwinds the engine, and ends in transport
    """The request must not leave: the hook said no, or the time was over."""


class Ended(Exception):  # noqa: N818 - unwinds the engine, and ends in transport
    """The exchange can't go on; ``result`` is what became of the request."""

    def __init__(self, result: NotSent | NoAnswer) -> None:
        super().__init__(result.error)
        self.result = result


@final
class RequestBody:
    """The request's bytes, given out once: a library that sends them again on its own gets an error instead.

    Asking for them is also the last moment to say no, for engines that report no progress.
    """

    def __init__(self, body: Sealed, about_to_leave: Callable[[], Awaitable[None]]) -> None:
        self._body: Sealed | None = body
        self._about_to_leave = about_to_leave

    def __aiter__(self) -> AsyncIterator[bytes]:
        if self._body is None:
            raise RuntimeError("the request was already sent once")
        return self

    async def __anext__(self) -> bytes:
        body, self._body = self._body, None
        if body is None:
            raise StopAsyncIteration
        await self._about_to_leave()
        return body.reveal()


@final
class PostProgress:
    """The progress of one POST, of which nothing may leave from ``deadline_us`` of ``clock`` (microseconds) on.

    ``seconds`` were left when it began. ``asking`` while the hook decides, ``leaving`` once it let the request go,
    ``held_back`` once it did not, or the time was over (``late``); ``left`` once the engine, if it reports progress
    (``traced``), said so too. ``timeouts`` has the seconds for each of httpx's steps, ``early`` the answer, if a hook
    of ours has read it already. ``headers`` are those of the request, and no others leave. ``peer`` is the host and
    port that a connection was last opened to, as far as the engine reports it, ``handshaking`` whether TLS with it was
    the next step.
    """

    peer: tuple[str, int] | None = None
    handshaking = False
    early: Answer | NoAnswer | None = None
    traced = False
    asking = False
    leaving = False
    held_back = False
    late = False
    left = False
    _through_proxy = False
    _opened: Any = None
    _unheard = False

    def __init__(
        self, hook: BeforeFirstByte, deadline_us: int, clock: Callable[[], int], url: str, headers: Mapping[str, str]
    ) -> None:
        self._hook = hook
        self._deadline_us = deadline_us
        self._clock = clock
        self._headers = headers
        self.seconds: float = (deadline_us - clock()) / 1e6
        self.url = url
        self._plain_to = _plain_to(url)
        # Nothing waits in a pool of our own, as there is a gate in front of it; a caller's may be smaller.
        self.timeouts = dict.fromkeys(("connect", "read", "write", "pool"), max(LEAST_SECONDS, self.seconds))

    @property
    def remaining(self) -> float:
        """Seconds to the deadline, ``LEAST_SECONDS`` at least."""
        return max(LEAST_SECONDS, (self._deadline_us - self._clock()) / 1e6)

    def answered_early(self, answer: Answer | NoAnswer) -> None:
        """Take the answer to the request, which a hook of ours has read before the engine gives it."""
        self.early = answer

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take note of httpcore's progress; every step gets only what is left of the whole time."""
        self.traced = True
        self._refuse_proxies(event, info)
        if event.endswith(".receive_response_headers.complete"):
            if self._unheard:
                # An answer that was there before the request had been heard of: it came with the one before.
                raise Ended(NoAnswer("what came was left over from the answer before"))
            drop_cookies(info["return_value"])
        if not event.endswith(".started"):
            await self._note_connecting(event, info)
            return
        if event.endswith(".connect_tcp.started"):
            self.peer = info["host"], info["port"]
        elif event.endswith(".start_tls.started"):
            self.handshaking = True
            self._shake_hands_with(info.get("server_hostname"))
        if event.endswith(".receive_response_headers.started"):
            self._unheard = True
            # To read from the network takes a turn of the loop at least.
            asyncio.get_running_loop().call_soon(self._hear)
        if event.endswith(".send_request_headers.started"):
            if info["request"].method == b"POST":
                make_exact_on_the_wire(info["request"], self._headers)
                await self.about_to_leave()
                self._refuse_what_has_ended(getattr(info["request"], "extensions", {}).get(HAS_ENDED))
                self.left = True
            else:
                self._through_proxy = True  # it is asked for a connection
        self.timeouts["connect"] = self.timeouts["read"] = self.timeouts["write"] = self.remaining

    async def _note_connecting(self, event: str, info: dict[str, Any]) -> None:
        """Close what a handshake has failed on: httpcore leaves it open to the collector where that was cancelled."""
        if event.endswith(".connect_tcp.complete"):
            self._opened = info["return_value"]
        elif event.endswith(".start_tls.failed") and self._opened is not None:
            await self._opened.aclose()

    def _refuse_what_has_ended(self, has_ended: Callable[[], bool] | None) -> None:
        """Write nothing to a kept connection that has ended while the hook decided: what is written there is unknown.

        One that was opened for this request (``peer``) is another than the engine can tell of.
        """
        if has_ended is not None and self.peer is None and has_ended():
            ended = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
            raise Ended(kept_back(ended, Peer.of([], self), timed_out=False))

    def _refuse_proxies(self, event: str, info: dict[str, Any]) -> None:
        """Stop plain http on its way to a proxy: it goes to this machine, which a caller's client may not know."""
        if self._plain_to is None:
            return
        to: tuple[str | None, int] | None = None
        if event.endswith(".connect_tcp.started"):
            to = (info["host"], info["port"])
        elif event.endswith(".send_request_headers.started"):
            url = info["request"].url
            to = (url.host.decode("ascii"), url.port or 80)
        if to is not None and to != self._plain_to:
            raise Ended(NotSent("http_client would send plain http through its proxy", again=False))

    def _shake_hands_with(self, host: str | None) -> None:
        """Note whose certificate comes next: the gateway's, also where the connection leads to a proxy."""
        parts = urlsplit(self.url)
        elsewhere = self.peer is None or self.peer[0] != host
        if host == parts.hostname and (elsewhere or self._through_proxy):
            self.peer = host or "", parts.port or 443

    def _hear(self) -> None:
        self._unheard = False

    async def about_to_leave(self) -> None:
        """Ask the hook, once; and look at the deadline each time: nothing is awaited from there to the engine's write.

        An engine that sends the head by itself asks again for the body, in which all texts are. Over HTTP/2 a caller's
        client may then still wait for the gateway's window, and older versions of anyio let the loop turn once.
        """
        self._look_at_deadline()
        if not self.leaving:
            self.asking = True
            may_leave = await self._hook()
            self.asking = False
            self._look_at_deadline()
            if not may_leave:
                self.held_back = True
                raise HeldBack
            self.leaving = True

    def _look_at_deadline(self) -> None:
        if self._clock() >= self._deadline_us:
            self.late = self.held_back = True
            raise HeldBack


@functools.lru_cache(maxsize=64)
def _plain_to(url: str) -> tuple[str | None, int] | None:
    """The host and port that a request in plain http must go to; ``None`` for https."""
    parts = urlsplit(url)
    return (parts.hostname, parts.port or 80) if parts.scheme == "http" else None
