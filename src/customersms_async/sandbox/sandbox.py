"""The public face of the gateway's stand-in."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final, final

from anyio.from_thread import start_blocking_portal

from .._core.plural import counted
from ..errors import ConfigurationError
from ..models import DOCUMENTED_LIMITS, Limit
from .gateway import Gateway
from .options import GatewayOptions, ServerTiming, credits_of, seconds_range

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from starlette.types import ASGIApp, Receive, Scope, Send

    from .schedule import Faults
    from .state import Text

DEMO_KEY: Final = "cspro_sandbox_key"
"""The made-up key of a sandbox that was given none."""

DEMO_CREDITS: Final = 1_000_000
"""Credits of the made-up key."""

_LOOK_EVERY: Final = 0.005
"""Seconds between two looks at what came, which may come in another thread."""


@final
class Sandbox:
    """A gateway to try things on: the documented contract, its limits, and every fault on demand.

    All of it is an ASGI app; ``serve`` and ``serve_in_thread`` serve it.

    Args:
        keys: API keys and their credits, one credit a text; ``{DEMO_KEY: DEMO_CREDITS}`` by default.
        limits: for each key, enforced as fixed and as rolling windows at once.
        latency: seconds, or (low, high), of each request. A random part of it passes before the request is judged,
            the rest before the answer, as on a real way there and back. The moment of judgement, once the request
            was read in full, is its arrival: the limits count it then, and its texts are accepted then, even if the
            client has left.
        max_numbers: more numbers than this in one request are answered with 413.
        faults: which fault befalls which request: an iterable for the 1st, 2nd, …, a mapping by number from 1, or a
            function of the number; each entry a ``Fault``, ``(Fault, seconds)`` or ``None``. A request counts from
            its first byte. Some phone numbers bring a fault of their own: see docs/testing.md.
        keep_alive: seconds after which an idle connection is closed; 5 as with Apache.
        error_status: the HTTP status in place of the 400, 401 and 402 of the script's errors, 200 for example.
        seed: a number from which the random latencies come.

    Raises:
        ConfigurationError: for an option that can't be.

    Example:
        ```python
        sandbox = Sandbox(keys={"cspro_made_up": 500}, faults={2: Fault.JSON_CUT})  # what befalls the second request
        async with sandbox.serve() as url, AsyncClient(api_key="cspro_made_up", url=url) as client:
            await client.send("+12125551234", "Your parcel is here")
        print([text.phone for text in sandbox.texts], sandbox.credits(), sandbox.duplicates())
        ```
    """

    def __init__(
        self,
        keys: Mapping[str, int | Decimal] | None = None,
        limits: Sequence[Limit] = DOCUMENTED_LIMITS,
        latency: float | tuple[float, float] = 0.0,
        max_numbers: int | None = None,
        faults: Faults = (),
        *,
        keep_alive: float = 5.0,
        error_status: int | None = None,
        seed: int = 0,
    ) -> None:
        known = credits_of(keys if keys is not None else {DEMO_KEY: DEMO_CREDITS})
        if not known:
            raise ConfigurationError("a sandbox needs a key")
        self._api_key = next(iter(known))
        timing = ServerTiming(seconds_range("latency", latency), seconds_range("keep_alive", keep_alive)[0])
        options = GatewayOptions(tuple(limits), max_numbers, error_status)
        self._gateway = Gateway(known, options, timing, faults, seed=seed)
        self._url: str | None = None
        self._app: ASGIApp | None = None

    def __repr__(self) -> str:
        return f"<Sandbox at {self._url or 'no address'}: {self.requests} requests, {len(self.texts)} texts>"

    @property
    def api_key(self) -> str:
        """The first of its keys."""
        return self._api_key

    @property
    def url(self) -> str:
        """The endpoint while it is served.

        Raises:
            ConfigurationError: while it is not.
        """
        if self._url is None:
            raise ConfigurationError("the sandbox is not being served")
        return self._url

    @property
    def texts(self) -> tuple[Text, ...]:
        """Every text that it accepted, in that order."""
        return tuple(self._gateway.state.texts)

    @property
    def requests(self) -> int:
        """How many requests it read in full, whatever became of them."""
        return self._gateway.state.requests

    @property
    def numbers_seen(self) -> int:
        """How many numbers the requests held that it read, as far as they could be understood."""
        return self._gateway.state.numbers_seen

    @property
    def refused(self) -> int:
        """How many requests the limits refused."""
        return self._gateway.state.refused

    @property
    def refused_fixed(self) -> int:
        """How many requests a fixed window refused, of those that the limits refused."""
        return self._gateway.state.refused_fixed

    @property
    def refused_rolling(self) -> int:
        """How many requests a rolling window refused, of those that the limits refused."""
        return self._gateway.state.refused_rolling

    def credits(self, api_key: str | None = None) -> Decimal:
        """The credits that are left to a key, by default the first.

        Raises:
            KeyError: if there is no such key.
        """
        return self._gateway.state.credits[self._api_key if api_key is None else api_key]

    def duplicates(self) -> tuple[Text, ...]:
        """The texts whose phone and message had both come before: none, if each text came once."""
        seen: set[tuple[str, str]] = set()
        again: list[Text] = []
        for text in self.texts:
            if (text.phone, text.message) in seen:
                again.append(text)
            seen.add((text.phone, text.message))
        return tuple(again)

    async def wait_for(self, texts: int, *, timeout: float = 10.0) -> tuple[Text, ...]:
        """Wait until it has accepted so many texts, and give all of them: for what a program sends in the background.

        In any event loop, whichever the sandbox is served in; in a test without one:
        ``asyncio.run(customersms_sandbox.wait_for(2))``.

        Args:
            texts: how many texts, at least.
            timeout: seconds.

        Raises:
            TimeoutError: when that has not come to pass in time.
        """
        ends = time.monotonic() + timeout
        while (came := len(self._gateway.state.texts)) < texts:
            if time.monotonic() >= ends:
                raise TimeoutError(f"of {counted(texts, 'text')} {came} came in {timeout:g} s")
            await asyncio.sleep(_LOOK_EVERY)
        return self.texts

    def log_requests(self, write: Callable[[str], object]) -> None:
        """Have ``write`` given one line for each request from now on, and for each change of the inbox's switches.

        A line says what was asked and answered, and how many texts were accepted and refused; no key, number or text.
        """
        self._gateway.write_line = write

    def misbehave(self, faults: Faults) -> None:
        """Replace ``faults``; the new schedule counts from the next request.

        Raises:
            ConfigurationError: for faults that can't be.
        """
        self._gateway.misbehave(faults)

    def reset(self) -> None:
        """Begin anew: credits, limits, texts, counters, first-time numbers; the schedule from its start."""
        self._gateway.reset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI app."""
        await self._asgi()(scope, receive, send)

    @contextlib.asynccontextmanager
    async def serve(self, *, host: str = "127.0.0.1", port: int = 0, names: Iterable[str] = ()) -> AsyncIterator[str]:
        """Serve over real sockets while the block runs; gives the endpoint's full URL.

        At the root of the same address is the inbox. Leaving cuts all connections, those with a request in flight too.

        Args:
            host: the address to listen on.
            port: the port; 0 is any free one.
            names: what the inbox may be asked by, beside an address, ``localhost`` and ``host``.

        Raises:
            OSError: if the port is taken.
            ConfigurationError: without starlette and uvicorn.
        """
        with _with_advice():
            from .serving import serve
        self._gateway.names = frozenset(name.lower() for name in (host, *names))
        async with serve(self._gateway, self._asgi(), host, port) as url:
            before, self._url = self._url, url
            try:
                yield url
            finally:
                self._url = before

    @contextlib.contextmanager
    def serve_in_thread(self, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
        """Serve as ``serve`` does, from an event loop of its own in a daemon thread.

        Args:
            host: the address to listen on.
            port: the port; 0 is any free one.

        Raises:
            OSError: if the port is taken.
            ConfigurationError: without starlette and uvicorn.
        """
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(self.serve(host=host, port=port)) as url,
        ):
            yield url

    def _asgi(self) -> ASGIApp:
        if self._app is None:
            with _with_advice():
                from .app import build
            self._app = build(self._gateway)
        return self._app


@contextlib.contextmanager
def _with_advice() -> Iterator[None]:
    """Turn the absence of the libraries that only a server needs into advice."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in {"starlette", "uvicorn", "h11"}:
            raise
        advice = 'the sandbox needs starlette and uvicorn: pip install "customersms-async[sandbox]"'
        raise ConfigurationError(advice) from None
