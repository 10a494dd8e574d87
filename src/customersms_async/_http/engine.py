"""The seam for engines: what sends an HTTP request and reads its answer, as far as ``transport`` needs to know.

``HttpxEngine`` is the one that is made when nobody brings another. An ``httpx.AsyncClient``, an httpx2 client and
``fast.FastClient`` fit as they are, and a transport of httpx's or httpx2's as a ``TransportEngine``. Connections are
opened as they are asked for: how many requests there are at a time is said by the gates in front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping

KEEPALIVE_SECONDS: Final = 0.5
"""How long our own engines keep an idle connection: below the second that is the least any server waits, less a slow
round trip.

Kept longer, four in ten of the sends that came in a server's last moment were lost (benchmarks/soak/keepalive.py), and
such a send is unknown for good; a new connection costs little to one who was idle for so long.
"""

HAS_ENDED: Final = "customersms.has_ended"
"""The extension of a request over a kept connection in which an engine of httpx's shape gives what tells, when all has
been decided, whether that connection has ended since it was chosen. Nothing left then."""

BuiltRequest = TypeVar("BuiltRequest")
"""The request of one engine, whatever it is: nobody but the engine looks into it."""


class EngineResponse(Protocol):
    """An answer whose head has come, and whose body is still to be read."""

    @property
    def status_code(self) -> int:
        """The HTTP status, 200 or above."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, to be asked for by name in any case of letters."""

    def aiter_raw(self) -> AsyncIterator[bytes]:
        """The pieces of the body as they come, still packed if the answer is."""

    async def aclose(self) -> None:
        """Give back the connection, or cut it if there is more to come."""


class Engine(Protocol[BuiltRequest]):
    """Sends each request once, and says how far it came.

    An error that is raised before the request's ``content`` was asked for means that nothing left; one that is raised
    later, that the text may be out, unless the engine is httpx's and says otherwise.
    """

    @property
    def is_closed(self) -> bool:
        """Whether ``aclose`` was called: nothing can be sent any more."""

    def build_request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: AsyncIterable[bytes],
        extensions: dict[str, Any],
    ) -> BuiltRequest:
        """Put a request together, to be sent later.

        ``extensions`` are httpx's: ``trace`` hears of every step, ``timeout`` has the seconds for each of them. An
        engine of another kind ignores them, and is cancelled when its time is over.
        """

    async def send(self, request: BuiltRequest, *, stream: bool, auth: None, follow_redirects: bool) -> EngineResponse:
        """Send the request once, and give the answer as soon as its head is there.

        ``stream`` is always true, ``follow_redirects`` always false. ``content`` is asked for when a connection stands:
        that is the last moment at which the request can be kept from leaving, by an error. A cancelled call cuts the
        connection.
        """

    async def aclose(self) -> None:
        """Close all connections; what is still on its way is lost."""


AnyEngine: TypeAlias = Engine[Any]
"""An engine by itself, which is given back only the requests that it built."""
