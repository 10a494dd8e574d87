"""A real server on a free port, whose connections can go wrong.

A subclass of uvicorn's own protocol sees the raw bytes before it does and has the transport, which is all that faults
of the connection need.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, final

from .app import EXTENSION
from .faults import Fault
from .inbox.inbox_requests import begins_for_inbox
from .pages.listening import QuietConnection, listening
from .request import PATHS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp, Receive, Scope, Send
    from uvicorn import Config
    from uvicorn.server import ServerState

    from .gateway import Gateway
    from .replies import ServerAnswer
    from .schedule import PlannedFault

_LINGER_ZERO: Final = struct.pack("ii", 1, 0)  # on, for no time: close() sends RST and drops what is unsent
_HINTS: Final = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


@contextlib.asynccontextmanager
async def serve(gateway: Gateway, app: ASGIApp, host: str, port: int) -> AsyncIterator[str]:
    """Serve ``app`` and yield the endpoint's URL; in the end cut all connections and wait for all tasks."""
    async with listening(app, host, port, lambda config, state: FaultyConnection(gateway, config, state)) as origin:
        yield f"{origin}{PATHS[0]}"


@final
class FaultyConnection(QuietConnection):
    """uvicorn's connection, and what can go wrong with it.

    Mutable, beside uvicorn's own: whether a request has begun that isn't answered yet, its fault, whether it is for the
    inbox (``None``: not known yet), and the bytes held back of one that is not known, or that will be cut while it is
    read.
    """

    def __init__(self, gateway: Gateway, config: Config, state: ServerState) -> None:
        super().__init__(config, state)
        self._gateway = gateway
        self._begun, self._held = False, b""
        self._inbox: bool | None = None
        self._planned: PlannedFault | None = None
        self.timeout_keep_alive: float = gateway.timing.keep_alive  # type: ignore[assignment]  # call_later takes floats too

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[EXTENSION] = self
        await super()._run(scope, receive, send)

    def asks_inbox(self) -> bool | None:
        """Whether the request that is being read is for the inbox, which no fault befalls."""
        return self._inbox

    def take_planned(self) -> PlannedFault | None:
        """The fault of the request that is being read. A request begins with its first byte."""
        if not self._begun:
            self._begun, self._planned = True, self._gateway.begin()
        return self._planned

    def data_received(self, data: bytes) -> None:
        """Read on, unless the fault cuts the connection before or during that."""
        if self._inbox is None:
            self._held += data
            self._inbox = begins_for_inbox(self._held)
            if self._inbox is None:
                return
            data, self._held = self._held, b""
        planned = None if self._inbox else self.take_planned()
        if planned is None or planned.effect.read:
            super().data_received(data)
            return
        self._held += data
        if planned.fault is not Fault.CLOSE_DURING or b"\r\n\r\n" in self._held:
            self._gateway.cut(planned)
            self._cut(planned)

    def on_response_complete(self) -> None:
        """Be ready for the next request."""
        self._begun, self._inbox = False, None
        super().on_response_complete()

    def show(self, planned: PlannedFault, answer: ServerAnswer) -> bool:
        """Do to the connection what the fault says; true if the answer still has to be sent."""
        match planned.fault:
            case Fault.IDLE_CLOSED:
                self.timeout_keep_alive = planned.seconds  # as above
            case Fault.EARLY_HINTS:
                self.transport.write(_HINTS)
            case Fault.ENDLESS_BODY:
                pass
            case Fault.CUT_IN_HEADERS | Fault.CUT_IN_BODY:
                self.transport.write(_cut_short(answer, in_body=planned.fault is Fault.CUT_IN_BODY))
                self.transport.close()
                return False
            case _:
                self._cut(planned)
                return False
        return True

    def _cut(self, planned: PlannedFault) -> None:
        if planned.fault in {Fault.RESET_BEFORE, Fault.RESET_AFTER}:
            raw: Any = self.transport.get_extra_info("socket")
            with contextlib.suppress(OSError):  # the client has gone already
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self.transport.abort()


def _cut_short(answer: ServerAnswer, *, in_body: bool) -> bytes:
    """The first part of the answer's bytes: half of its headers, or those and half of its body."""
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    head = "\r\n".join([*lines, f"Content-Length: {len(answer.body)}", "", ""]).encode("latin-1")
    return head + answer.body[: len(answer.body) // 2] if in_body else head[: len(head) // 2]
