"""What counts for caps in a PostgreSQL database, in one call for a whole batch."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from ..._core.caps import CapHit, longest_window_us
from ..._postgres.wire import array, bytea, byteas, numbers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ..._core.caps import CappedText
    from ..._core.layers import Layer
    from ..._postgres.wire import Row

    Ask = Callable[..., Awaitable[list[Row]]]

_JUDGE: Final = b"SELECT customersms.caps_judge($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
_END: Final = b"SELECT customersms.caps_end($1, $2, $3, $4, $5, $6)"

_CALL_BYTES: Final = 9
"""Bytes of a call's own number: unlike those of a text's id."""


async def judge(
    ask: Ask, clock: bytes | None, space: bytes, texts: Sequence[CappedText], hold_us: int | None
) -> list[CapHit | None]:
    """Which caps these texts hit; if none, and ``hold_us`` is given, they count from now on, and are held so long."""
    scopes: dict[bytes, int] = {}
    sets: dict[tuple[Layer, ...], int] = {}
    places = [
        (number, scopes.setdefault(scope.key, len(scopes) + 1), sets.setdefault(scope.layers, len(sets) + 1))
        for number, text in enumerate(texts, 1)
        for scope in text.scopes
    ]
    layers = [(number, *layer) for each, number in sets.items() for layer in each]
    ((answer,),) = await ask(
        _JUDGE,
        bytea(space),
        clock,
        b"f" if hold_us is None else b"t",
        bytea(secrets.token_bytes(_CALL_BYTES)),
        b"%d" % (hold_us or 0),
        b"%d" % longest_window_us(texts),
        byteas([text.id for text in texts]),
        byteas([text.again for text in texts]),
        byteas(list(scopes)),
        *(array([each[column] for each in places]) for column in range(3)),
        *(array([each[column] for each in layers]) for column in range(3)),
    )
    found = numbers(answer)
    return [
        CapHit(scope, layer, wait_us) if wait_us else None
        for scope, layer, wait_us in zip(found[::3], found[1::3], found[2::3], strict=True)
    ]


async def end(
    ask: Ask, clock: bytes | None, space: bytes, answered: Sequence[CappedText], not_sent: Sequence[CappedText]
) -> None:
    """Hear of which texts the answer is known, and which provably never left: see ``CapStore.end_caps``."""
    pairs = [[(scope.key, text.id) for text in some for scope in text.scopes] for some in (answered, not_sent)]
    await ask(
        _END,
        bytea(space),
        clock,
        byteas([scope for scope, _ in (*pairs[0], *pairs[1])]),
        byteas([text_id for _, text_id in (*pairs[0], *pairs[1])]),
        b"%d" % len(pairs[0]),
        byteas([text.id for text in not_sent]),
    )
