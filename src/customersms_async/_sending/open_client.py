"""A client that was opened for a campaign: all that the campaign needs to know of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..models import Priority

if TYPE_CHECKING:
    from collections.abc import Callable

    from .send_options import SendOptions
    from .sender import Sender
    from .session import Session
    from .stream import OpenSend


class SessionOwner(Protocol):
    """A client that other parts of the package send through, as ``AsyncClient`` is one."""

    def __session__(self) -> Session:
        """The session that it sends with."""


class OpenClient(NamedTuple):
    """A client in the running event loop, for a campaign over it.

    ``options`` are the client's own, at priority BULK and with no ``max_wait``: a campaign waits as long as it takes.
    ``watch`` has the client's closing end a run.
    """

    sender: Sender
    options: SendOptions
    watch: Callable[[OpenSend], None]


def open_client(client: SessionOwner) -> OpenClient:
    """Open ``client`` in the running event loop. Raises ``ConfigurationError`` if it is closed, or used in another."""
    session = client.__session__()
    options = session.options(priority=Priority.BULK, max_wait=None, reads_all=False)
    return OpenClient(session.open(), options, session.watch)
