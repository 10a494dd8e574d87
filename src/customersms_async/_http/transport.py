"""One POST through an engine, and what became of it.

No error of an HTTP library leaves this module, because its request holds the body, and the body the API key.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, final

from .._core import provider
from .._core.post_result import CLOSED, OVERDUE, Answer, NoAnswer, NotSent, PostResult
from .._core.version import VERSION
from ..errors import ConfigurationError
from .answer_reading import read_answer
from .error_meaning import meaning_of
from .exact_headers import make_exact
from .in_flight import InFlight
from .log_filter import keep_key_out_of_logs
from .post_progress import BeforeFirstByte, Ended, PostProgress, RequestBody
from .response_hooks import read_before_hooks
from .transport_engine import as_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._core.secret import Sealed
    from .connections import Gates
    from .engine import AnyEngine
    from .transport_engine import HttpxShapedTransport

_HEADERS: Final = {**provider.HEADERS, "User-Agent": f"customersms-async/{VERSION}"}
"""The headers of every request."""


@final
class Transport:
    """An engine and the gates in front of it, one for each key.

    The engine is our own ``HttpxEngine``, imported and made with the first request, or ``callers_client``, which stays
    the caller's to close.

    Mutable state: the engine, or the future that brings it; the requests in flight, the event loop it is used in, and
    whether it refuses new requests (``closed``).
    """

    def __init__(self, gates: Gates, client: AnyEngine | HttpxShapedTransport | None = None) -> None:
        self.gates = gates
        self.in_flight: InFlight = InFlight()
        self.callers_client = client
        self.closed: bool = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine = None if client is None else as_engine(client)
        self._making: asyncio.Future[AnyEngine] | None = None

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Belong to ``loop`` from now on. Raises ``ConfigurationError`` if closed, or if it belongs to another loop."""
        if self._is_closed():
            raise ConfigurationError(CLOSED)
        self.leave(loop)
        self._loop = loop

    def leave(self, loop: asyncio.AbstractEventLoop) -> None:
        """Check that it may be closed in ``loop``. Raises ``ConfigurationError`` if it belongs to another loop."""
        if self._loop is not None and self._loop is not loop:
            ended = ", which has ended" if self._loop.is_closed() else ""
            raise ConfigurationError(
                f"the client belongs to another event loop{ended}: make one client for each loop, as for each"
                " asyncio.run; they share the key's quota"
            )

    @property
    def has_outlived_its_loop(self) -> bool:
        """Whether the event loop that it belongs to has ended, and with it all that was in flight."""
        return self._loop is not None and self._loop.is_closed()

    def abandon(self) -> None:
        """Refuse new requests, and let go of the connections: they were closed when their event loop was shut down."""
        self.refuse_new_requests()
        self._engine = None

    async def post(
        self, url: str, body: Sealed, deadline_us: int, clock: Callable[[], int], before_first_byte: BeforeFirstByte
    ) -> PostResult:
        """Send ``body`` once and say what happened; ``OVERDUE`` if the time was over before the body could leave.

        ``deadline_us`` is a time of ``clock`` (microseconds), which goes on while the machine sleeps. The key in the
        body is kept out of all that the HTTP library logs in this task from now on.

        Never raises. If the call is cancelled, the caller can't know whether anything left: let it run.
        """
        if self._is_closed():
            return NotSent(CLOSED, again=False)
        keep_key_out_of_logs(body.secret)
        headers = _HEADERS | {"Content-Length": str(body.size)}
        progress = PostProgress(before_first_byte, deadline_us, clock, url, headers)
        if progress.seconds <= 0:  # a time-out that is over in a caller's pool costs it a place
            return OVERDUE
        try:
            async with asyncio.timeout(progress.seconds + 0.25):  # should a server make every single step just in time
                return await self._exchange(url, headers, body, progress)
        except Ended as end:
            return end.result
        except Exception as error:  # noqa: BLE001 - translated, whatever it is
            return progress.early or meaning_of(error, progress)
        except asyncio.CancelledError:  # of a hook's own, or because the client's closing was cancelled
            if progress.early is None:
                raise
            return progress.early

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

    async def _exchange(
        self, url: str, headers: Mapping[str, str], body: Sealed, progress: PostProgress
    ) -> Answer | NoAnswer:
        engine = await self._ready()
        request = engine.build_request(
            "POST",
            url,
            headers=headers,
            content=RequestBody(body, progress.about_to_leave),
            extensions={"trace": progress.trace, "timeout": progress.timeouts},
        )
        if self.callers_client is not None:
            make_exact(request, url, headers)
            read_before_hooks(engine, request, progress)
        response = await engine.send(request, stream=True, auth=None, follow_redirects=False)
        return progress.early or await read_answer(response)

    async def _ready(self) -> AnyEngine:
        if self._making is not None and self._making.done():
            self._made(self._making)  # which it says itself a turn of the event loop later
        if self._engine is not None:
            return self._engine
        if self._making is None:
            self._making = asyncio.get_running_loop().run_in_executor(None, _new_engine)
            self._making.add_done_callback(self._made)
        return await asyncio.shield(self._making)  # a request whose time is over leaves it to the next one

    def _made(self, making: asyncio.Future[AnyEngine]) -> None:
        if making is not self._making:
            return  # known already
        self._making = None
        if not making.cancelled() and making.exception() is None:
            self._engine = making.result()


def _new_engine() -> AnyEngine:
    """The engine of our own; not in the event loop, as its imports and its TLS context take 50 ms each."""
    from .httpx_engine import HttpxEngine

    return HttpxEngine()
