"""All that the sandbox's gateway remembers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, final

import msgspec

from .arrivals import Arrivals
from .windows import Windows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from ..models import Limit
    from .options import GatewayOptions


class Text(msgspec.Struct, frozen=True, gc=False):
    """One text that the sandbox accepted.

    ``message_id`` is the one that was given out, or would have been, had a fault not kept it back. ``key_id`` is
    ``key_id(api_key)``. ``at_us`` is when the request was judged, in microseconds since 1970.

    Example:
        ```python
        sandbox = Sandbox()
        with sandbox.serve_in_thread() as url:
            async with AsyncClient(api_key=sandbox.api_key, url=url) as client:
                await client.send("+12125551234", "Your parcel is here")
        text: Text = sandbox.texts[0]
        print(text.phone, text.message, text.message_id)
        ```
    """

    phone: str
    message: str
    message_id: str
    key_id: str
    at_us: int


@final
class GatewayState:
    """All that the gateway remembers: written by ``rules.answer``, and by ``limit``; read by ``Sandbox``."""

    def __init__(self, keys: Mapping[str, Decimal], options: GatewayOptions) -> None:
        self.options: Final = options
        self.credits: dict[str, Decimal] = dict(keys)
        self.limit(options.limits)
        self.key_ids: dict[str, str] = {key: key_id(key) for key in keys}
        self.texts: list[Text] = []  # in the order of acceptance
        self.arrivals: Arrivals = Arrivals()  # and what was refused
        self.acted: set[str] = set()  # the magic numbers that act once, and have
        self.requests = 0  # requests read
        self.segments = 0  # billed parts of all accepted texts
        self.numbers_seen = 0  # numbers in all requests that could be understood
        self.refused = self.refused_fixed = self.refused_rolling = 0  # requests, by the limits

    def limit(self, limits: Sequence[Limit]) -> None:
        """Have each key keep to these limits from now on; what came before doesn't count."""
        self.windows: dict[str, Windows] = {key: Windows(limits) for key in self.credits}


def key_id(api_key: str) -> str:
    """The short fingerprint by which the sandbox's texts name a key: 12 hexadecimal digits.

    Example:
        ```python
        sandbox = Sandbox(keys={"cspro_made_up": 500})
        print([text.phone for text in sandbox.texts if text.key_id == key_id("cspro_made_up")])
        ```
    """
    return hashlib.sha256(api_key.encode()).hexdigest()[:12]
