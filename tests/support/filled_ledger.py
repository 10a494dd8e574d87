"""A campaign's ledger with 2,500 recipients, and what its states hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customersms_async import Campaign

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = [f"+1212{number:07}" for number in range(2_500)]


async def filled(path: Path, people: list[str] = PEOPLE) -> None:
    """Make a ledger with these people and one text."""
    async with Campaign.open(path) as campaign:
        await campaign.add(people, "Hello")


async def counted(path: Path) -> dict[str, int]:
    """How many recipients each state of the ledger holds; states that hold nobody are left out."""
    async with Campaign.open(path, create=False) as campaign:
        return {state.value: count for state, count in (await campaign.counts()).items() if count}
