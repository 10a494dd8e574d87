"""All that the requests of one client have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from .._admission.room import Room
    from .._admission.ticket import Terms
    from .._core.batching import Sizes
    from .._core.credits import Credits
    from .._core.options import Options
    from .._core.secret import Secret
    from .._http.transport import Transport


class Sender(msgspec.Struct, frozen=True, eq=False):
    """All that a client's requests need to know, put together when it is first used in an event loop.

    ``sizes`` and ``credits`` learn from every answer; the others don't change.
    """

    options: Options
    secret: Secret
    transport: Transport
    room: Room
    terms: Terms
    credits: Credits
    sizes: Sizes
