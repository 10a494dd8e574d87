"""The script that counts texts for caps, in one call to the server for a whole batch."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any, Final, final

import msgspec

from ..._core.caps import CapHit, longest_window_us
from .server_script import ServerScript

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..._core.caps import CappedText
    from ..._core.layers import Layer
    from .clients import RedisClients

_SCRIPT: Final = ServerScript(__package__, "caps.lua")

_CALL_BYTES: Final = 9
"""Bytes of a call's own number: unlike those of a text's id."""

_SPACE_BYTES: Final = 6
_SCOPE_BYTES: Final = 12
"""Bytes of the hashes of a space and of a scope in the names of Redis keys. So a name has 44 characters with the prefix
that is there by default, for which the server takes 48 bytes, and with one more it would take 64. Of a thousand million
numbers two are alike once in a hundred thousand million times."""

_pack = msgspec.msgpack.Encoder().encode


@final
class RedisCaps:
    """What counts for caps on one server. Has no mutable state.

    The Redis keys of a space are in one hash slot, ``<prefix>caps:{<space>}:`` and a name.
    """

    def __init__(self, clients: RedisClients, prefix: str, clock: Callable[[], int] | None) -> None:
        self._clients, self._prefix, self._clock = clients, prefix, clock

    async def look(self, space: bytes, texts: Sequence[CappedText]) -> list[CapHit | None]:
        """For each text the cap that it hits, or ``None`` if there is room for it: see ``CapStore.look_at_caps``."""
        return await self._judged("look", space, texts, 0)

    async def take(self, space: bytes, texts: Sequence[CappedText], hold_us: int) -> list[CapHit | None]:
        """Count all of these texts, or none of them where any hits a cap: see ``CapStore.take_caps``."""
        return await self._judged("take", space, texts, hold_us)

    async def end(self, space: bytes, answered: Sequence[CappedText], not_sent: Sequence[CappedText]) -> None:
        """Hear of which texts the answer is known, and which provably never left: see ``CapStore.end_caps``."""
        asked = _BatchArguments([*answered, *not_sent])
        await self._call("end", space, asked, [asked.places, len(answered)], 0)

    async def _judged(self, call: str, space: bytes, texts: Sequence[CappedText], hold_us: int) -> list[CapHit | None]:
        asked = _BatchArguments(texts)
        given = [asked.places, hold_us, longest_window_us(texts), asked.layer_sets]
        found = await self._call(call, space, asked, given, 3 * len(texts))
        return [
            CapHit(scope, layer, wait_us) if wait_us else None
            for scope, layer, wait_us in zip(found[::3], found[1::3], found[2::3], strict=True)
        ]

    async def _call(self, call: str, space: bytes, asked: _BatchArguments, given: object, numbers: int) -> list[int]:
        """Run the script, which answers with so many numbers."""
        start = f"{self._prefix}caps:{{{_name(space[:_SPACE_BYTES])}}}:"
        keys = [f"{start}{name}" for name in ("now", "done", *asked.names)]
        now_us = "" if self._clock is None else self._clock()
        more = (_pack(given), secrets.token_bytes(_CALL_BYTES), *asked.ids)

        async def run(client: Any) -> list[int]:
            answer = await _SCRIPT.run(client, keys, call, now_us, *more)
            if not isinstance(answer, list) or len(answer) != numbers:
                raise TypeError("an answer that is not the script's")
            return answer

        return await self._clients.ask(run)


@final
class _BatchArguments:
    """Texts as the script takes them: their ids, where all that they are about stands, and the names of Redis keys.

    The script counts from 1; two keys and four arguments come before these.
    """

    def __init__(self, texts: Sequence[CappedText]) -> None:
        scopes = list(dict.fromkeys([scope.key for text in texts for scope in text.scopes]))
        again = list(dict.fromkeys([text.again for text in texts if text.again]))
        self.names = [*(_name(key[:_SCOPE_BYTES]) for key in scopes), *(f"a{_name(each)}" for each in again)]
        place = {key: number for number, key in enumerate(scopes, 3)}
        place_again = {key: number for number, key in enumerate(again, 3 + len(scopes))}
        sets: dict[tuple[Layer, ...], int] = {}
        self.ids = [text.id for text in texts]
        self.places = [
            (
                number,
                place_again.get(text.again, 0),
                [(place[scope.key], sets.setdefault(scope.layers, len(sets) + 1)) for scope in text.scopes],
            )
            for number, text in enumerate(texts, 5)
        ]
        self.layer_sets = list(sets)


def _name(key: bytes) -> str:
    """A hash or an id as part of a Redis key."""
    return base64.urlsafe_b64encode(key).decode().rstrip("=")
