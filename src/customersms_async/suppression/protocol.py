"""The protocol of suppression stores: all that a client asks of a list of people who said no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class SuppressionStore(Protocol):
    """Knows which numbers must not be texted. Numbers are E.164, and the last entry about one counts.

    Each call raises ``SuppressionStoreError`` where it can't say: with ``temporary=True`` for a store that may be back,
    which is then asked again for as long as the text may wait. Nothing is sent without an answer.

    ``customersms_async.testing.SuppressionStoreContract`` tests a store of your own.

    Example:
        ```python
        class CustomerRecords:  # a store of one's own
            async def suppressed(self, phones: Sequence[str]) -> frozenset[str]:
                return frozenset(phones) & {"+12125551234"}

        store: SuppressionStore = CustomerRecords()
        await client.with_options(suppression=store).send("+13235554567", "Doors open at eight")
        ```
    """

    async def suppressed(self, phones: Sequence[str]) -> frozenset[str]:
        """The suppressed ones of ``phones``, as of now; one question for all of them."""
