"""One POST through an engine, and what became of it.

No error of an HTTP library leaves this module, because its request holds the body, and the body the API key.
"""

from __future__ import annotations

import asyncio
import functools
from importlib.metadata import version
from typing import TYPE_CHECKING, final

from .._core import provider
from .._core.happened import CLOSED, OVERDUE, Answer, Happened, NoAnswer, NotSent
from ..errors import ConfigurationError
from .answer_reading import read_answer
from .error_meaning import meaning_of
from .httpx_engine import HttpxEngine
from .in_flight import InFlight
from .post_progress import BeforeFirstByte, Ended, PostProgress, RequestBody, SecondsLeft
from .response_hooks import read_before_hooks

if TYPE_CHECKING:
    from .._core.secret import Sealed
    from .connections import Connections
    from .engine import AnyEngine


@final
class Transport:
    """An engine and the gate in front of it.

    The engine is our own ``HttpxEngine``, made when first used, or ``callers_client``, which stays the caller's to
    close.

    Mutable state: the engine, the requests in flight, the event loop it is used in, and whether it refuses new requests
    (``closed``).
    """

    def __init__(self, connections: Connections, client: AnyEngine | None = None) -> None:
        self.connections = connections
        self.in_flight = InFlight()
        self.callers_client = client
        self.closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine = client
        self._making = asyncio.Lock()

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Belong to ``loop`` from now on. Raises ``ConfigurationError`` if closed, or if it belongs to another loop."""
        if self._is_closed():
            raise ConfigurationError(CLOSED)
        self.leave(loop)
        self._loop = loop

    def leave(self, loop: asyncio.AbstractEventLoop) -> None:
        """Check that it may be closed in ``loop``. Raises ``ConfigurationError`` if it belongs to another loop."""
        if self._loop is not None and self._loop is not loop:
            raise ConfigurationError("the client belongs to another event loop: make one client for each loop")

    async def post(
        self, url: str, body: Sealed, seconds_left: SecondsLeft, before_first_byte: BeforeFirstByte
    ) -> Happened:
        """Send ``body`` once and say what happened; ``OVERDUE`` if the time was over before the body could leave.

        Never raises. If the call is cancelled, the caller can't know whether anything left: let it run.
        """
        if self._is_closed():
            return NotSent(CLOSED, again=False)
        seconds = seconds_left()
        if seconds <= 0:  # a time-out that is over in the pool costs it a place: see connections
            return OVERDUE
        progress = PostProgress(before_first_byte, seconds_left, url)
        try:
            async with asyncio.timeout(seconds + 0.25):  # should a server make every single step just in time
                return await self._exchange(url, body, progress)
        except Ended as end:
            return end.happened
        except Exception as error:  # noqa: BLE001 - translated, whatever it is
            return progress.early.answer or meaning_of(error, progress)
        except asyncio.CancelledError:  # of a hook's own, or because the client's closing was cancelled
            if progress.early.answer is None:
                raise
            return progress.early.answer

    def refuse_new_requests(self) -> None:
        """Let nothing new leave from now on (``closed``); requests that are on their way go on."""
        self.closed = True

    async def aclose(self) -> None:
        """Refuse new requests, and close the connections if they are ours; cancelled half-way, abruptly."""
        self.refuse_new_requests()
        engine, self._engine = self._engine, None
        if self.callers_client is None and engine is not None:
            await engine.aclose()

    def _is_closed(self) -> bool:
        return self.closed or (self._engine is not None and self._engine.is_closed)

    async def _exchange(self, url: str, body: Sealed, progress: PostProgress) -> Answer | NoAnswer:
        engine = await self._ready()
        request = engine.build_request(
            "POST",
            url,
            headers=_headers() | {"Content-Length": str(body.size)},
            content=RequestBody(body, progress.about_to_leave),
            extensions={"trace": progress.trace, "timeout": progress.timeouts},
        )
        if self.callers_client is not None:
            read_before_hooks(engine, request, progress.early)
        response = await engine.send(request, stream=True, auth=None, follow_redirects=False)
        return progress.early.answer or await read_answer(response)

    async def _ready(self) -> AnyEngine:
        if self._engine is not None:
            return self._engine
        async with self._making:
            engine = self._engine
            if engine is None:  # its TLS context and its imports take 50 ms and more: not in the event loop
                engine = await asyncio.to_thread(HttpxEngine, self.connections.capacity)
                self._engine = engine
            return engine


@functools.cache
def _headers() -> dict[str, str]:
    """The headers of every request; looking up the version takes 5 ms, so not on import."""
    return {**provider.HEADERS, "User-Agent": f"customersms-async/{version('customersms-async')}"}
