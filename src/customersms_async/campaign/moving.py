"""The move of a campaign from one ledger to another, in steps of which each is one durable change of one ledger.

========  ==========================  ==========================================================  ===========
step      changes                     what stands there then                                      runnable
========  ==========================  ==========================================================  ===========
leave     the source, nobody sending  leaving: it moves to the target                             nobody
clear     the target                  what an earlier move has left of it there has another name  nobody
bring     the target                  all of it, in one transaction; arriving: not complete yet   nobody
part      the source                  left: it has moved to the target                            nobody
arrive    the target                  arrived                                                     the target
stay      the source, to undo it      stayed: it did not move                                     the source
========  ==========================  ==========================================================  ===========

Each ledger keeps every row that was ever said of its moves, and a move's rows carry its id, made at random. The rows
go to the target with all else, so that the last ledger knows the whole way. ``next_step`` says from what stands in both
what comes next: whoever gives the command again after a crash goes on where it was. A step that is out of date changes
nothing, as it does not follow (``FOLLOWS``) on what stands there by then. So at no moment can both be run, and as long
as neither can, the command, given again, ends that.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from .rows import Microseconds  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from pathlib import Path


class MoveState(enum.StrEnum):
    """What a ledger says of a campaign's move: the first three the one that it leaves, the others the one to come."""

    LEAVING = "leaving"
    LEFT = "left"
    STAYED = "stayed"
    ARRIVING = "arriving"
    ARRIVED = "arrived"


FOLLOWS: Final[dict[MoveState | None, frozenset[MoveState]]] = {
    None: frozenset({MoveState.LEAVING}),
    MoveState.LEAVING: frozenset({MoveState.LEFT, MoveState.STAYED, MoveState.ARRIVING}),
    MoveState.LEFT: frozenset(),
    MoveState.STAYED: frozenset({MoveState.LEAVING}),
    MoveState.ARRIVING: frozenset({MoveState.ARRIVED}),
    MoveState.ARRIVED: frozenset({MoveState.LEAVING}),
}
"""What a ledger may say next; ``None``: it has said nothing yet. All but ``LEAVING`` is said of the move before it."""

HERE: Final = frozenset({None, MoveState.STAYED, MoveState.ARRIVED})
"""With one of these last, a ledger may be run, changed and added to; else it may only be read."""


class LedgerMove(NamedTuple):
    """One row of a ledger's moves: which move (its id), what is said of it, the other ledger's name, when, and who."""

    move: str
    state: MoveState
    place: str
    at_us: Microseconds
    by: str


class FoundLedger(NamedTuple):
    """A ledger as a move finds it: the campaign's id, whether anybody was added, and its moves, the oldest first."""

    id: str
    is_filled: bool
    moves: tuple[LedgerMove, ...]

    @property
    def last(self) -> LedgerMove | None:
        """What it says now."""
        return self.moves[-1] if self.moves else None

    @property
    def state(self) -> MoveState | None:
        """What that is."""
        return self.moves[-1].state if self.moves else None


class Step(enum.StrEnum):
    """A step of a move, as the table has them."""

    LEAVE = "leave"
    CLEAR = "clear"
    BRING = "bring"
    PART = "part"
    ARRIVE = "arrive"
    STAY = "stay"


SAYS: Final = {
    Step.LEAVE: MoveState.LEAVING,
    Step.PART: MoveState.LEFT,
    Step.ARRIVE: MoveState.ARRIVED,
    Step.STAY: MoveState.STAYED,
}
"""What a step that changes one row appends; ``BRING`` appends ``ARRIVING`` to what it brings."""


class MoveRefusedError(ValueError):
    """That move can't be made, or not be undone; the words say why, of the source."""


def follows(last: LedgerMove | None, next_: LedgerMove) -> bool:
    """Whether a ledger that says ``last`` may say ``next_``."""
    if next_.state not in FOLLOWS[None if last is None else last.state]:
        return False
    return last is None or (next_.move == last.move) is (next_.state is not MoveState.LEAVING)


def next_step(source: FoundLedger, target: FoundLedger | None, place: str, *, undo: bool = False) -> Step | None:
    """The next step of the move from ``source`` to ``target`` (``None``: there is none yet), which is called ``place``.

    ``None`` once it is over. ``undo``: of ending it where it began. Raises ``MoveRefusedError``.
    """
    last = source.last
    if last is not None and last.state is MoveState.ARRIVING:
        raise MoveRefusedError(_away(last))
    if last is None or last.state in HERE:
        if undo:
            return None
        if not source.is_filled:
            raise MoveRefusedError("nobody was added to it yet, so there is nothing to move")
        _refuse_what_is_there(source, target, place)
        return Step.LEAVE
    there = None if target is None or not _has_come(target, last) else target.state
    if last.state is MoveState.LEFT:
        if undo or there is None:
            raise MoveRefusedError(_away(last))
        return Step.ARRIVE if there is MoveState.ARRIVING else None
    if there is not None:
        if undo:
            raise MoveRefusedError(f"all of it is in {place} by now: finish the move, then move it back")
        return Step.PART
    if last.place != place:
        raise MoveRefusedError(_away(last))
    if undo:
        return Step.STAY
    _refuse_what_is_there(source, target, place)
    return Step.BRING if target is None else Step.CLEAR


def why_away(last: LedgerMove | None) -> str | None:
    """Why a ledger that says ``last`` may only be read, and what to do; ``None`` if it may be run and changed."""
    return None if last is None or last.state in HERE else _away(last)


def _has_come(target: FoundLedger, last: LedgerMove) -> bool:
    """Whether the move of which the source says ``last`` has brought all of it to ``target``."""
    return target.last is not None and target.last.move == last.move and target.state in _COME


_COME: Final = frozenset({MoveState.ARRIVING, MoveState.ARRIVED})


def _refuse_what_is_there(source: FoundLedger, target: FoundLedger | None, place: str) -> None:
    """Raise ``MoveRefusedError`` unless all that is there is what an earlier move of the same campaign has left there.

    That can't be run, and the source knows of that move. One that it does not know of is newer: then the source is an
    old copy.
    """
    if target is None:
        return
    known = {move.move for move in source.moves}
    if target.id != source.id:
        raise MoveRefusedError(f"{place} holds another campaign, or none yet: give another name for it there")
    if target.state in HERE:
        raise MoveRefusedError(f"the same campaign is in {place} already, and can be run there")
    if target.last is None or target.last.move not in known:
        raise MoveRefusedError(
            f"the same campaign was in {place}, and has been moved from or to there since this ledger knew of it: this"
            " is an old copy"
        )


def _away(last: LedgerMove) -> str:
    since = f"{datetime.fromtimestamp(last.at_us / 1e6).astimezone():%Y-%m-%d %H:%M:%S}"
    if last.state is MoveState.LEAVING:
        return (
            f"it is moving to {last.place}, since {since}: to finish that give customersms campaign move again, with"
            " the same places, or to have it stay here the same with --undo"
        )
    if last.state is MoveState.ARRIVING:
        return (
            f"it is being moved here from {last.place}, since {since}: to finish that give customersms campaign move"
            " again, with the same places"
        )
    return f"it has moved to {last.place}, on {since}: go on there"


class MovingLedger(Protocol):
    """A ledger that a campaign can be moved from and to. Each change is one transaction, durable when it returns.

    While what it says last is not one of ``HERE``, it refuses with ``why_away`` to have a runner, and every change of
    its own: to add, to want, to begin, to record, to suppress, to skip and to resolve.
    """

    async def moves(self) -> list[LedgerMove]:
        """All that was ever said of its moves, the oldest first."""

    async def become_mover(self) -> None:
        """Become the one runner, also of a ledger that may not be run; ``leave_running`` ends it."""

    async def say_of_move(self, said: LedgerMove) -> None:
        """Append ``said``, at this ledger's own time. Raises ``LedgerError`` if it does not follow on what is there.

        ``LEAVING`` is refused while anybody is being sent to, in words that say until when.
        """

    async def pack(self, to: Path) -> None:
        """Write all that it holds into a new ledger's file, which nobody has open."""
