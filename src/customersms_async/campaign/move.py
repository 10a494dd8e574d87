"""The move of a campaign, done: step after step, as ``move_states.next_step`` names them, until it is over."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from .._runtime.clock import wall_us
from .ledger_opening import is_address, open_ledger
from .move_states import (
    HERE,
    SAYS,
    FoundLedger,
    LedgerMove,
    MoveRefusedError,
    MoveState,
    MoveStep,
    next_step,
    reserved_for,
)
from .refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from .move_states import MovingLedger
    from .protocol import CampaignLedger


class MoveTarget(Protocol):
    """A place that a campaign can be moved to; ``name`` is what messages call it, as a ledger there is called.

    ``over`` is what was found there last, and is closed by now. Where there is anything else by then, nothing changes,
    and ``LedgerError`` is raised.
    """

    name: str

    async def database(self) -> str:
        """Which database it is in, as no other is; empty for a file."""

    async def find(self) -> CampaignLedger | None:
        """The open ledger that is there, for the caller to close, or ``None``."""

    async def reserve(self, ledger: str, rows: Sequence[LedgerMove], over: FoundLedger | None) -> None:
        """Take the name: with a ledger of that id without anybody, which says ``rows``, in place of ``over``."""

    async def bring(self, source: MovingLedger, said: LedgerMove, over: FoundLedger) -> str | None:
        """Make a ledger there of all that ``source`` holds, with ``said`` as the last word, whole or not at all.

        In the same change what was there, ``over``, gives up its name: the new one is given if anybody is in it. At no
        moment is there nothing of that name.
        """

    async def free(self, over: FoundLedger) -> None:
        """Let the name go that was reserved."""

    async def forget(self, move: str) -> None:
        """Remove what bringing it has left, if it was cut off."""

    async def close(self) -> None:
        """End the use of it."""


class DoneStep(NamedTuple):
    """A step of a move that was made: which ledger was changed, and what is called that it put aside, if anything."""

    step: MoveStep
    name: str
    aside: str | None = None


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
            over, database = None if there is None else await _found(there), await target.database()
            step = next_step(found, over, target.name, database=database, undo=undo)
        except MoveRefusedError as error:
            raise refusal(source.name, str(error)) from None
        if step is None:
            return False
        if step in _AT_THE_TARGET:
            if there is not None:
                await there.close()  # nobody must have it open then
            told(await _make_there(step, source, target, found, over, by))
        else:
            said = LedgerMove(_move(found, over), SAYS[step], target.name, 0, by, database, _copy(step, found, over))
            told(DoneStep(step, await _say(step, source, target, there, said)))
    finally:
        if there is not None:
            await there.close()
    return True


_AT_THE_TARGET: Final = frozenset({MoveStep.RESERVE, MoveStep.BRING, MoveStep.FREE})


async def _make_there(
    step: MoveStep, source: CampaignLedger, target: MoveTarget, found: FoundLedger, over: FoundLedger | None, by: str
) -> DoneStep:
    """Make one step durable that makes or removes a ledger at the target."""
    if step is MoveStep.RESERVE:
        said = LedgerMove(_move(found, None), MoveState.LEAVING, target.name, wall_us(), by, await target.database())
        arriving = said._replace(state=MoveState.ARRIVING, place=source.name)
        await target.reserve(found.id, (said, arriving), over)
        return DoneStep(step, target.name)
    assert over is not None  # noqa: S101 - it was found
    if step is MoveStep.FREE:
        await target.free(over)
        return DoneStep(step, target.name)
    assert found.last is not None  # noqa: S101 - it leaves
    copy = secrets.token_hex(8)
    arriving = LedgerMove(
        *(found.last.move, MoveState.ARRIVING, source.name, found.last.at_us, by), await target.database(), copy
    )
    return DoneStep(step, target.name, await target.bring(source, arriving, over))


async def _say(
    step: MoveStep, source: CampaignLedger, target: MoveTarget, there: CampaignLedger | None, said: LedgerMove
) -> str:
    """Make one step durable that is said in a ledger; gives its name."""
    if step is MoveStep.ARRIVE:
        assert there is not None  # noqa: S101 - it was found
        await there.say_of_move(said._replace(place=source.name))
        return there.name
    if step is MoveStep.STAY:
        await target.forget(said.move)
    await source.say_of_move(said)
    return source.name


def _copy(step: MoveStep, source: FoundLedger, target: FoundLedger | None) -> str:
    """Which copy a step is about: the one at the target, to part; the one that was left for, to arrive."""
    at = source if step is MoveStep.ARRIVE else target if step is MoveStep.PART else None
    return "" if at is None or at.last is None else at.last.copy


def _move(source: FoundLedger, target: FoundLedger | None) -> str:
    """The id of the move being made: the one that the source says, or the target is reserved for; or a new one."""
    if source.last is not None and source.state not in HERE:
        return source.last.move
    return reserved_for(source, target) or secrets.token_hex(8)


async def _found(ledger: CampaignLedger) -> FoundLedger:
    return FoundLedger(ledger.id, await ledger.added() is not None, tuple(await ledger.moves()))


def _target(place: Path | str) -> MoveTarget:
    if is_address(place):
        from ._postgres.database_place import read_place
        from ._postgres.move_target import DatabaseTarget

        return DatabaseTarget(read_place(str(place), None))
    from ._sqlite.move_target import FileTarget

    return FileTarget(place)
