"""One POST through an engine: our own, or a client of httpx's shape.

An httpx2 client works too: time-outs go as numbers, URLs as text, and errors are told apart by the names of their
classes. No error of the library leaves this module, because its request holds the body, and the body the API key.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, final
from urllib.parse import urlsplit

from .._core.rulings import CLOSED, Answer, Happened, NoAnswer, NotSent
from ..errors import ConfigurationError
from ..models import Code
from .httpx_engine import Engine
from .in_flight import InFlight
from .response_hooks import Early, read, stand_first

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from .._core.secret import Sealed
    from .connections import Connections


@functools.cache
def _headers() -> dict[str, str]:
    """Those of every request; looking up the version takes 5 ms, so not on import."""
    return {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"customersms-async/{version('customersms-async')}",
    }


OVERDUE: Final = NotSent("its time was over before its first byte could leave")
"""What happened to a request whose process was stopped in between for longer than the whole attempt may take."""

BeforeFirstByte = Callable[[], Awaitable[bool]]
"""Asked once, when a connection stands and the request is about to leave it; false keeps the request from leaving."""

SecondsLeft = Callable[[], float]
"""The time to an attempt's deadline, on a clock that goes on while the machine sleeps; zero or less once it is over."""


class _Refused(Exception):  # noqa: N818 - unwinds the library, and ends in this module
    """The hook said no, or the time was over."""


class _Proxied(Exception):  # noqa: N818 - the same
    """Plain http would go elsewhere than to this machine."""


class _Leftover(Exception):  # noqa: N818 - as above
    """An answer was there before the request had been heard of: it came with the one before, and answers nothing."""


@final
class _Body:
    """The request's bytes, given out once: a library that sends them again on its own gets an error instead.

    Asking for them is also the last moment to say no, for transports that report no progress.
    """

    def __init__(self, body: Sealed, about_to_leave: Callable[[], Awaitable[None]]) -> None:
        self._body: Sealed | None = body
        self._about_to_leave = about_to_leave
        self._begun = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        if self._begun:
            raise RuntimeError("the request was already sent once")
        self._begun = True
        return self

    async def __anext__(self) -> bytes:
        body, self._body = self._body, None
        if body is None:
            raise StopAsyncIteration
        await self._about_to_leave()
        return body.reveal()


@functools.lru_cache(maxsize=64)
def _plain_to(url: str) -> tuple[str | None, int] | None:
    """Where a request in plain http must go; ``None`` for https."""
    parts = urlsplit(url)
    return (parts.hostname, parts.port or 80) if parts.scheme == "http" else None


@final
class _Progress:
    """How far one POST has come.

    ``asking`` while the hook decides, ``leaving`` once it let the request go, ``refused`` once it did not, or the time
    was over (``late``); ``left`` once the library, if it reports progress (``traced``), said so too.
    """

    def __init__(self, hook: BeforeFirstByte, seconds_left: SecondsLeft, url: str) -> None:
        self._hook = hook
        self._seconds_left = seconds_left
        self._plain_to = _plain_to(url)
        self._loop = asyncio.get_running_loop()
        # Nothing waits in a pool of our own, as there is a gate in front of it; a caller's may be smaller.
        self.timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self.remaining)
        self.early = Early()
        self.traced = False
        self.asking = False
        self.leaving = False
        self.refused = False
        self.late = False
        self.left = False
        self._unheard = False

    @property
    def remaining(self) -> float:
        """Seconds to the deadline; a thousandth at least, as zero would mean that there is none."""
        return max(0.001, self._seconds_left())

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """Hear of httpcore's progress; every step gets only what is left of the whole time."""
        self.traced = True
        self._refuse_proxies(event, info)
        if event.endswith(".receive_response_headers.complete") and self._unheard:
            raise _Leftover
        if not event.endswith(".started"):
            return
        if event.endswith(".receive_response_headers.started"):
            self._unheard = True
            self._loop.call_soon(self._hear)  # to read from the network takes a turn of the loop at least
        if event.endswith(".send_request_headers.started") and info["request"].method == b"POST":
            await self.about_to_leave()
            self.left = True
        self.timeouts["connect"] = self.timeouts["read"] = self.timeouts["write"] = self.remaining

    def _refuse_proxies(self, event: str, info: dict[str, Any]) -> None:
        """Plain http goes to this machine and past any proxy, which a caller's client may not know."""
        if self._plain_to is None:
            return
        if event.endswith(".connect_tcp.started") and (info["host"], info["port"]) != self._plain_to:
            raise _Proxied
        if event.endswith(".send_request_headers.started"):
            url = info["request"].url
            if (url.host.decode("ascii"), url.port or 80) != self._plain_to:
                raise _Proxied

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
                self.refused = True
                raise _Refused
            self.leaving = True

    def _look_at_deadline(self) -> None:
        if self._seconds_left() <= 0:
            self.late = self.refused = True
            raise _Refused


@final
class Transport:
    """An engine and the gate in front of it.

    The engine is our own ``Engine``, made when first used, or ``callers_client``, which stays the caller's to close.

    Mutable state: the engine, the requests in flight, the event loop it is used in, and whether it was closed.
    """

    def __init__(self, connections: Connections, client: httpx.AsyncClient | Any = None) -> None:
        self.connections = connections
        self.in_flight = InFlight()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.callers_client = client
        self._engine: Engine | httpx.AsyncClient | Any = client
        self._making = asyncio.Lock()
        self.closed = False

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Use it in ``loop`` from now on. Raises ``ConfigurationError`` if it is closed, or used in another."""
        if self.closed or (self._engine is not None and self._engine.is_closed):
            raise ConfigurationError("the client is closed")
        self.leave(loop)
        self._loop = loop

    def leave(self, loop: asyncio.AbstractEventLoop) -> None:
        """Be closed from ``loop``. Raises ``ConfigurationError`` if it is used in another that still lives."""
        if self._loop is not None and self._loop is not loop:
            raise ConfigurationError("the client belongs to another event loop: make one client for each loop")

    def stop(self) -> None:
        """Send nothing new; what is on its way goes on until ``aclose``."""
        self.closed = True

    async def post(
        self, url: str, body: Sealed, seconds_left: SecondsLeft, before_first_byte: BeforeFirstByte
    ) -> Happened:
        """Send ``body`` once and say what happened; ``OVERDUE`` if the time was over before the body could leave.

        Never raises. If the call is cancelled, the caller can't know whether anything left: let it run.
        """
        if self.closed or (self._engine is not None and self._engine.is_closed):
            return NotSent(CLOSED, again=False)
        seconds = seconds_left()
        if seconds <= 0:  # a time-out that is over in the pool costs it a place: see connections
            return OVERDUE
        progress = _Progress(before_first_byte, seconds_left, url)
        try:
            async with asyncio.timeout(seconds + 0.25):  # should a server make every single step just in time
                return await self._exchange(url, body, progress)
        except _Proxied:
            return NotSent("http_client would send plain http through its proxy", again=False)
        except _Leftover:
            return NoAnswer("what came was left over from the answer before")
        except Exception as error:  # noqa: BLE001 - translated, whatever it is
            return progress.early.answer or _explain(error, progress)
        except asyncio.CancelledError:  # of a hook's own, or because the client's closing was cancelled
            if progress.early.answer is None:
                raise
            return progress.early.answer

    async def aclose(self) -> None:
        """Close the connections if they are ours; cancelled half-way, they are closed without ceremony."""
        self.closed = True
        engine, self._engine = self._engine, None
        if self.callers_client is None and engine is not None:
            await engine.aclose()

    async def _ready(self) -> Engine | httpx.AsyncClient | Any:
        if self._engine is None:
            async with self._making:
                if self._engine is None:  # its TLS context and its imports take 50 ms and more: not in the event loop
                    self._engine = await asyncio.to_thread(Engine, self.connections.capacity)
        return self._engine

    async def _exchange(self, url: str, body: Sealed, progress: _Progress) -> Answer | NoAnswer:
        engine: Any = await self._ready()  # or whatever behaves like one
        length = {"Content-Length": str(body.size)}
        request = engine.build_request(
            "POST",
            url,
            headers=_headers() | length,
            content=_Body(body, progress.about_to_leave),
            extensions={"trace": progress.trace, "timeout": progress.timeouts},
        )
        if self.callers_client is not None:
            stand_first(engine, request, progress.early)
        response = await engine.send(request, stream=True, auth=None, follow_redirects=False)
        return progress.early.answer or await read(response)


_NEVER_LEFT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError"})
_PROVES_IT = frozenset({"ConnectError"})
"""Of these, what is believed when the body was read and no progress reported: httpx-aiohttp calls an answer that never
came a connect time-out."""


def _explain(error: Exception, progress: _Progress) -> NotSent | NoAnswer:
    """Say what an error means, in words of our own: the library's may quote what was sent."""
    if progress.late or (progress.asking and isinstance(error, TimeoutError)):
        return OVERDUE
    if progress.refused:  # some engines wrap what they hear from the body
        return NotSent("held back before the first byte", again=False)
    names = {kind.__name__ for kind in type(error).__mro__}
    proofs = _NEVER_LEFT if progress.traced else _PROVES_IT
    if not progress.left and (names & proofs or not progress.leaving):
        if _is_certificate_error(error):
            return NotSent("the gateway's TLS certificate was refused", Code.CERTIFICATE_REFUSED, again=False)
        if "TimeoutException" in names or "TimeoutError" in names:
            return NotSent("connecting took too long")
        return NotSent(f"no connection could be made ({_reason(error)})")
    if "TimeoutException" in names or "TimeoutError" in names:
        return NoAnswer("no answer came in time")
    return NoAnswer(f"the connection was lost ({type(error).__name__})")


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain


def _is_certificate_error(error: Exception) -> bool:
    return any(isinstance(link, ssl.SSLCertVerificationError) for link in _chain(error))


def _reason(error: Exception) -> str:
    """The system's name for the failure, such as ConnectionRefusedError, else the library's."""
    system = [type(link).__name__ for link in _chain(error) if isinstance(link, OSError)]
    return system[-1] if system else type(error).__name__
