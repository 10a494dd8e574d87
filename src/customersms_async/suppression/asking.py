"""A question to a suppression store, whose answer is checked: the store may be somebody's own."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ..errors import SuppressionStoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .protocol import SuppressionStore


async def suppressed_among(store: SuppressionStore, phones: Sequence[str]) -> frozenset[str]:
    """The suppressed ones of ``phones``, whatever else the store gives.

    Raises what the store raises, and ``SuppressionStoreError`` for an answer that can be none: ``None``, as from a
    branch that forgets its value, says of nobody that they may be texted.
    """
    found: object = await store.suppressed(phones)
    if type(found) is frozenset and not found:  # as good as always
        return found
    if isinstance(found, str | bytes) or not isinstance(found, Collection):
        raise SuppressionStoreError(f"the suppression store gave {type(found).__name__}, and not a set of numbers")
    if not all(isinstance(number, str) and number.startswith("+") for number in found):
        raise SuppressionStoreError("the suppression store gave what is no number in E.164 form, such as +12125551234")
    return frozenset(phones).intersection(found)
