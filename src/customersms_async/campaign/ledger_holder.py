"""The ledger of a campaign while it is open, which all methods of a ``Campaign`` go by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .protocol import CampaignLedger


class LedgerHolder:
    """A holder of one ledger between entering and leaving. Mutable state: the ledger while it is open."""

    _opened: CampaignLedger | None = None

    @property
    def ledger(self) -> CampaignLedger:
        """The open ledger, for the command line to look into.

        Raises:
            ConfigurationError: while the campaign is not open.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                print(campaign.ledger.name)
            ```
        """
        return self._ledger

    @property
    def _ledger(self) -> CampaignLedger:
        if self._opened is None:
            raise ConfigurationError("the campaign is not open: use it within 'async with Campaign.open(path)'")
        return self._opened
