"""The waits that a store demands of those for whom it has no token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from .._core.layers import ask_no_more

if TYPE_CHECKING:
    import asyncio

    from .._core.layers import Layer
    from .place import Place

LONGEST_SLEEP_US: Final = 60_000_000
"""Timers stand still while a machine sleeps and the quota's clock does not, so a long wait is looked at again."""


class _Told(NamedTuple):
    """Who was told to wait, and until when, in the loop's time."""

    place: Place
    until: float


@final
class StoreWaits:
    """Who was told to wait by the store of one room, and until when.

    A wait is for all who need a token of the same layers, and for those behind who ask more than that: each wait is a
    little longer than it must be, and the first is to ask first. One that is for no layers (``None``) is for everybody,
    as the store can't be asked. Mutable state: these.
    """

    __slots__ = ("_loop", "_told")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._told = _NOBODY

    def begin(self, place: Place, layers: tuple[Layer, ...] | None, wait_us: int) -> None:
        """Note that ``place`` was told to wait for so long, and with it all who need the same ``layers``."""
        if not self._told:
            self._told = {}  # this room's own
        self._told[layers] = _Told(place, self._loop.time() + min(wait_us, LONGEST_SLEEP_US) / 1e6)

    def until(self, place: Place) -> float:
        """When to ask for ``place``, in the loop's time; 0 if nobody was told to wait for what it needs."""
        if not self._told:
            return 0.0
        layers, ticket = place.needs.layers, place.ticket
        told = self._told.items()
        return max(
            (
                one.until
                for each, one in told
                if each in (None, layers) or (one.place.ticket.comes_before(ticket) and ask_no_more(each, layers))
            ),
            default=0.0,
        )

    def end_until(self, moment: float) -> None:
        """Forget the waits that are over by ``moment``, or a rounding later: the first of them is to go first."""
        self._told = {layers: told for layers, told in self._told.items() if told.until > moment + 1e-6}

    def end_all(self) -> None:
        """Forget all that the store said."""
        self._told = _NOBODY

    def hear_of_newcomer(self, place: Place) -> None:
        """Have the store asked for ``place`` if it comes before whoever was told to wait."""
        for layers in (place.needs.layers, None):
            told = self._told.get(layers)
            if told is not None and (told.place.done() or place.ticket.comes_before(told.place.ticket)):
                del self._told[layers]


_NOBODY: Final[dict[tuple[Layer, ...] | None, _Told]] = {}
"""Where nobody was told to wait, as in most of 10,000 rooms; never changed."""
