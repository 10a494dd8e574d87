"""How many recipients of a campaign are in each state, from what its ledger counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .states import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .protocol import CampaignLedger
    from .rows import Count


def by_state(counts: Iterable[Count]) -> dict[State, int]:
    """How many recipients are in each state."""
    found = dict.fromkeys(State, 0)
    for count in counts:
        found[count.state] += count.recipients
    return found


async def count_states(ledger: CampaignLedger) -> dict[State, int]:
    """How many recipients of a ledger are in each state."""
    return by_state(await ledger.counts())
