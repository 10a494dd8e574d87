"""Moves of campaigns between files and a real database, for tests: made whole, or cut off after some steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from customersms_async import LedgerError
from customersms_async.campaign.ledger_opening import open_ledger
from customersms_async.campaign.move import DoneStep, MovedCampaign, move_campaign
from customersms_async.campaign.move_states import LedgerMove, MoveStep

if TYPE_CHECKING:
    from pathlib import Path

    from support.postgres_servers import PostgresServerProcess

ALL = [MoveStep.RESERVE, MoveStep.LEAVE, MoveStep.BRING, MoveStep.PART, MoveStep.ARRIVE]
"""The steps of a move to a place where there is nothing yet."""

BACK = ALL[1:]
"""Those to a place where the campaign was before."""


class Places:
    """A file and two names in a database."""

    def __init__(self, folder: Path, server: PostgresServerProcess) -> None:
        self.server = server
        self.file = str(folder / "spring.ledger")
        self.other = str(folder / "other.ledger")
        self.database = f"{server.url()}?lease=5#spring"
        self.summer = f"{server.url()}?lease=5#summer"


async def move(source: str, target: str, *, undo: bool = False) -> list[MoveStep]:
    """The steps that were made."""
    done: list[DoneStep] = []
    came_to = await move_campaign(source, target, by="Ann", undo=undo, told=done.append)
    assert isinstance(came_to, MovedCampaign)
    return [step.step for step in done]


async def moves_of(place: str) -> list[LedgerMove]:
    ledger = await open_ledger(place, create=False)
    try:
        return await ledger.moves()
    finally:
        await ledger.close()


async def is_runnable(place: str) -> bool:
    """Whether that ledger can be run."""
    ledger = await open_ledger(place, create=False)
    try:
        await ledger.become_runner()
    except LedgerError:
        return False
    finally:
        await ledger.close()
    return True


async def cut_off(source: str, target: str, steps: int) -> None:
    """Move it until so many steps are made, with a name reserved for it, and end there."""
    made: list[MoveStep] = []

    def told(step: DoneStep) -> None:
        made.extend([step.step] if step.step is not MoveStep.RESERVE else [])
        if len(made) == steps:
            raise KeyboardInterrupt

    await move_campaign(source, target, by="Ann", told=told)
