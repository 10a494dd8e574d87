"""All that the requests of one client have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from .._core.secret import Secret

if TYPE_CHECKING:
    from .._admission.room import Room
    from .._admission.terms import Terms
    from .._core.account import Account
    from .._core.batching import Sizes
    from .._core.options import Options
    from .._http.transport import Transport
    from .._runtime.log import KeyLog
    from .announcer import Announcer
    from .check_options import CheckOptions
    from .key_source import KeySource


class Sender(msgspec.Struct, frozen=True, eq=False, weakref=True):
    """All that a client's requests need to know, put together when it is first used in an event loop.

    ``sizes`` and ``account`` learn from every answer; the others don't change. ``log`` names the key as this client
    does. ``announcer`` tells those who look on, if there are any; ``checking`` is what is asked before texts leave,
    and ``asks_at_once`` whether several of its stores may suspend; ``owner`` is what the client's requests in flight
    are known by, also when another key or URL has asked for another sender; ``secret`` is what ``key`` gave.
    """

    owner: object
    key: Secret | KeySource
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

    def refuse_key(self) -> None:
        """Have the key asked for anew, if it was asked for, as the gateway does not accept it."""
        if not isinstance(self.key, Secret):
            self.key.refuse(self.secret)
