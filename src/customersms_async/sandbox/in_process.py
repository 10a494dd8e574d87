"""An engine that asks a sandbox in this process: no server, no socket, and the same answers and faults."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final
from urllib.parse import urlsplit

from .faults import Fault, Spoils
from .odd_answers import PADDING

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping

    from .gateway import Gateway
    from .replies import ServerAnswer

_ANSWERED: Final = {Fault.IDLE_CLOSED, Fault.EARLY_HINTS, Fault.ENDLESS_BODY}
"""Faults of a connection that leave the answer as it is: nothing of them is seen here."""

_PIECE: Final = b" " * 100_000


class InProcessRequest(NamedTuple):
    """A request that is about to be judged; the names of ``headers`` are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    content: AsyncIterable[bytes]


@final
class InProcessEngine:
    """An ``Engine`` whose network is a function call. Mutable state: whether it is closed.

    What a fault does to a connection is an error here; the sandbox knows of the request as much as over a socket.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.is_closed: bool = False

    def build_request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: AsyncIterable[bytes],
        extensions: dict[str, Any],  # noqa: ARG002 - httpx's
    ) -> InProcessRequest:
        """Put a request together: see ``Engine.build_request``."""
        given = {name.lower(): value for name, value in headers.items()}
        return InProcessRequest(method, urlsplit(url).path, given, content)

    async def send(
        self,
        request: InProcessRequest,
        *,
        stream: bool,  # noqa: ARG002 - always so
        auth: None,  # noqa: ARG002
        follow_redirects: bool,  # noqa: ARG002 - never
    ) -> InProcessResponse:
        """Ask the sandbox: see ``Engine.send``."""
        gateway = self._gateway
        await asyncio.sleep(0)  # others have a turn, as while a connection is waited for
        planned = gateway.begin()
        body = b"".join([piece async for piece in request.content])
        if planned is not None and not planned.effect.read:
            gateway.cut(planned)
            raise _lost(planned.fault)
        outward, homeward = gateway.trip()
        await asyncio.sleep(outward)
        answer = gateway.answer(request.method, request.path, request.headers, body, planned)
        if (planned := answer.planned) is not None:
            homeward += (planned.seconds or 0.0) if planned.effect.spoils is Spoils.TIME else 0.0
        await asyncio.sleep(homeward)
        if planned is None or planned.effect.spoils is not Spoils.CONNECTION:
            return InProcessResponse(answer)
        if planned.fault not in _ANSWERED and planned.fault is not Fault.CUT_IN_BODY:
            raise _lost(planned.fault)
        return InProcessResponse(answer)

    async def aclose(self) -> None:
        """Send nothing more; there is nothing to close."""
        self.is_closed = True


@final
class InProcessResponse:
    """An answer of a sandbox: see ``EngineResponse``."""

    def __init__(self, answer: ServerAnswer) -> None:
        self.status_code: int = answer.status
        self.headers: Mapping[str, str] = _Headers({name.lower(): text for name, text in answer.headers.items()})
        self._body = answer.body
        self._fault = None if answer.planned is None else answer.planned.fault

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        """The body, with what the fault does to it."""
        left = PADDING if self._fault is Fault.HUGE_BODY else 0
        while left > 0 or self._fault is Fault.ENDLESS_BODY:
            yield _PIECE
            left -= len(_PIECE)
            await asyncio.sleep(0)
        if self._fault is Fault.CUT_IN_BODY:
            yield self._body[: len(self._body) // 2]
            raise _lost(self._fault)
        yield self._body

    async def aclose(self) -> None:
        """Do nothing: there is no connection to give back."""


class _Headers(dict[str, str]):
    """Headers, which are asked for in any case of letters."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())


def _lost(fault: Fault) -> ConnectionResetError:
    return ConnectionResetError(f"the sandbox's fault {fault.name}")
