"""The error of a request that was granted and must not leave: some of its texts must not go out, or not now."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..models import Outcome


@final
class TooLateError(Exception):
    """Raised as a request is about to leave at a time, by the clock, at which its caller wants it to leave no more."""


@final
class TurnedAwayError(Exception):
    """Raised between the grant and the first byte: nothing leaves now, and whoever is left stands in line again.

    ``outcomes`` are those of texts that do not go out at all.
    """

    def __init__(self, outcomes: Sequence[Outcome] = ()) -> None:
        super().__init__()
        self.outcomes = outcomes
