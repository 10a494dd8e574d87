"""A question to a suppression store, in all notations of a number; its answer is checked, as it may be anybody's."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from .._core.notations import other_notation
from ..errors import SuppressionStoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .protocol import SuppressionStore


async def suppressed_among(store: SuppressionStore, phones: Sequence[str]) -> frozenset[str]:
    """The suppressed ones of ``phones``, in whatever notation they are on the list, and whatever else the store gives.

    Raises what the store raises, and ``SuppressionStoreError`` for an answer that can be none: ``None``, as from a
    branch that forgets its value, says of nobody that they may be texted.
    """
    others = [other for phone in phones if (other := other_notation(phone)) is not None]
    found: object = await store.suppressed([*phones, *others] if others else phones)
    if type(found) is frozenset and not found:  # as good as always
        return found
    if isinstance(found, str | bytes) or not isinstance(found, Collection):
        raise SuppressionStoreError(f"the suppression store gave {type(found).__name__}, and not a set of numbers")
    if not all(isinstance(number, str) and number.startswith("+") for number in found):
        raise SuppressionStoreError("the suppression store gave what is no number in E.164 form, such as +12125551234")
    there = frozenset(found)
    return frozenset(phone for phone in phones if phone in there or other_notation(phone) in there)
