"""All that the requests of one client have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from .._admission.room import Room
    from .._admission.terms import Terms
    from .._core.account import Account
    from .._core.batching import Sizes
    from .._core.options import Options
    from .._core.secret import Secret
    from .._http.transport import Transport
    from .._runtime.log import KeyLog
    from .announcer import Announcer
    from .check_options import CheckOptions
    from .client_parts import ClientParts


class Sender(msgspec.Struct, frozen=True, eq=False, weakref=True):
    """All that a client's requests need to know, put together when it is first used in an event loop.

    ``sizes`` and ``account`` learn from every answer; the others don't change. ``log`` names the key as this client
    does. ``announcer`` tells those who look on, if there are any; ``checking`` is what is asked before texts leave,
    and ``asks_at_once`` whether several of its stores may suspend; ``owner`` is the client's parts, which stay when
    another key or URL asks for another sender.
    """

    owner: ClientParts
    options: Options
    url: str
    secret: Secret
    transport: Transport
    room: Room
    terms: Terms
    account: Account
    sizes: Sizes
    log: KeyLog
    announcer: Announcer | None
    checking: CheckOptions
    asks_at_once: bool
