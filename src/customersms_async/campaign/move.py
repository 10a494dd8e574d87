"""The move of a campaign, done: the steps that ``moving.next_step`` names, one after the other, until it is over."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .moving import SAYS, FoundLedger, LedgerMove, MoveRefusedError, MoveState, Step, next_step
from .opened import is_address, open_ledger
from .refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .moving import MovingLedger
    from .protocol import CampaignLedger


class MoveTarget(Protocol):
    """A place that a campaign can be moved to; ``name`` is what messages call it, as a ledger there is called."""

    name: str

    async def find(self) -> CampaignLedger | None:
        """The open ledger that is there, for the caller to close, or ``None``."""

    async def bring(self, source: MovingLedger, said: LedgerMove) -> None:
        """Make a ledger there of all that ``source`` holds, with ``said`` as the last word, whole or not at all."""

    async def clear(self) -> str:
        """Give the ledger that was found last another name, which it gives, so that its place is free."""

    async def forget(self, move: str) -> None:
        """Remove what bringing it has left, if it was cut off."""

    async def close(self) -> None:
        """End the use of it."""


class DoneStep(NamedTuple):
    """A step of a move that was made: by which ledger it was said, or what was put aside is called."""

    step: Step
    name: str


class MovedCampaign(NamedTuple):
    """What a move came to: the names of both places, and of how many recipients the campaign is."""

    source: str
    target: str
    recipients: int


async def move_campaign(
    source: Path | str, target: Path | str, *, by: str, undo: bool = False, told: Callable[[DoneStep], None]
) -> MovedCampaign:
    """Move the campaign in the ledger ``source`` to ``target``, each a file's path or a database's URL with a name.

    Or go on with that move, or ``undo`` it, while ``target`` lacks the campaign. ``told`` hears of each step once it is
    durable. Whatever ends it in between, the same call goes on where it was; a cancelled one makes no further step.

    Raises ``LedgerError`` where the source is being run, or is being sent from, or either can't be used.
    """
    place = _target(target)
    ledger = await open_ledger(source, create=False)
    try:
        await ledger.become_mover()
        while await _go_on(ledger, place, by, told, undo=undo):
            pass
        added = await ledger.added()
        return MovedCampaign(ledger.name, place.name, 0 if added is None else added.recipients)
    finally:
        await ledger.close()
        await place.close()


async def _go_on(
    source: CampaignLedger, target: MoveTarget, by: str, told: Callable[[DoneStep], None], *, undo: bool
) -> bool:
    """Make the next step; false if the move is over."""
    there = await target.find()
    try:
        found = await _found(source)
        try:
            step = next_step(found, None if there is None else await _found(there), target.name, undo=undo)
        except MoveRefusedError as error:
            raise refusal(source.name, str(error)) from None
        if step is None:
            return False
        told(DoneStep(step, await _make(step, source, target, there, found.last, by)))
    finally:
        if there is not None:
            await there.close()
    return True


async def _make(
    step: Step,
    source: CampaignLedger,
    target: MoveTarget,
    there: CampaignLedger | None,
    last: LedgerMove | None,
    by: str,
) -> str:
    """Make one step durable; gives the name of what was changed. ``last`` is what the source says."""
    if step is Step.CLEAR:
        if there is not None:
            await there.close()  # nobody must have it open then
        return await target.clear()
    if step is Step.LEAVE:
        await source.say_of_move(LedgerMove(secrets.token_hex(8), SAYS[step], target.name, 0, by))
        return source.name
    assert last is not None  # noqa: S101 - it leaves, or has left
    if step is Step.BRING:
        await target.bring(source, LedgerMove(last.move, MoveState.ARRIVING, source.name, last.at_us, by))
        return target.name
    if step is Step.ARRIVE:
        assert there is not None  # noqa: S101 - it was found
        await there.say_of_move(LedgerMove(last.move, SAYS[step], source.name, 0, by))
        return there.name
    if step is Step.STAY:
        await target.forget(last.move)
    await source.say_of_move(LedgerMove(last.move, SAYS[step], target.name, 0, by))
    return source.name


async def _found(ledger: CampaignLedger) -> FoundLedger:
    return FoundLedger(ledger.id, await ledger.added() is not None, tuple(await ledger.moves()))


def _target(place: Path | str) -> MoveTarget:
    if is_address(place):
        from ._postgres.place import read_place
        from ._postgres.target import DatabaseTarget

        return DatabaseTarget(read_place(str(place), None))
    from ._sqlite.target import FileTarget

    return FileTarget(place)
