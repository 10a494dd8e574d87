"""The move of a campaign from one ledger to another, in steps of which each is one durable change of one ledger.

========  ==========================  ==========================================================  ===========
step      changes                     what stands there then                                      runnable
========  ==========================  ==========================================================  ===========
reserve   the target, if it is free   a ledger without anybody, arriving: it takes the name       the source
leave     the source, nobody sending  leaving: it moves to the target                             nobody
bring     the target                  all of it, arriving: not complete yet. In the same change   nobody
                                      what was there gives up its name
part      the source                  left: it has moved to the target                            nobody
arrive    the target                  arrived                                                     the target
stay      the source, to undo it      stayed: it did not move                                     the source
free      the target, to undo it      nothing, if it was reserved                                 the source
========  ==========================  ==========================================================  ===========

Each ledger keeps every row that was ever said of its moves, and a move's rows carry its id, made at random. The rows
go to the target with all else, so that the last ledger knows the whole way. ``next_step`` says from what stands in both
what comes next: whoever gives the command again after a crash goes on where it was. A step that is out of date changes
nothing, as it does not follow (``FOLLOWS``) on what stands there by then. So at no moment can both be run, and as long
as neither can, the command, given again, ends that.

From ``leave`` on, there is at no moment nothing at the target: a program that is started there meanwhile, with the same
people, would find a free name, and begin the campaign anew. So the name is reserved first, with the move's id, or what
an earlier move has left there holds it. A reservation is freed only once the source says that its move is over, as then
nothing leaves with that id any more: a step to free it that comes late finds another one, or none.

Two places may have one name: by ``PG*`` variables, by service files, as ``localhost`` on two hosts. So the source notes
the database that it leaves for, where there is one, and the id of the copy that it has left, which each bringing draws
anew: what was brought to any other place never arrives.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from .rows import Microseconds  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class MoveState(enum.StrEnum):
    """The states of a move, as ledgers say them: the first three the one that it leaves, the others the one to come."""

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
    """One row of a ledger's moves: which move (its id), what is said of it, the other ledger's name, when, and who.

    Two places may have one name, so ``database`` says which one is moved to (empty: a file, which has no such mark),
    and ``copy`` which of all that was ever brought there this is about. Each bringing draws an id for what it makes.
    """

    move: str
    state: MoveState
    place: str
    at_us: Microseconds
    by: str
    database: str = ""
    copy: str = ""


class FoundLedger(NamedTuple):
    """A ledger as a move finds it: the campaign's id, whether anybody was added, and its moves, the oldest first."""

    id: str
    is_filled: bool
    moves: tuple[LedgerMove, ...]

    @property
    def last(self) -> LedgerMove | None:
        """What it says last of a move; ``None`` if it was never moved."""
        return self.moves[-1] if self.moves else None

    @property
    def known(self) -> set[str]:
        """The moves of which it knows, by their ids."""
        return {said.move for said in self.moves}

    @property
    def is_reserved(self) -> bool:
        """Whether it only reserves its name for a campaign that is to come."""
        return not self.is_filled and self.state is MoveState.ARRIVING

    @property
    def state(self) -> MoveState | None:
        """The state that its last move left it in; ``None`` if it was never moved."""
        return self.moves[-1].state if self.moves else None


class MoveStep(enum.StrEnum):
    """A step of a move, as the table has them."""

    RESERVE = "reserve"
    LEAVE = "leave"
    BRING = "bring"
    PART = "part"
    ARRIVE = "arrive"
    STAY = "stay"
    FREE = "free"


SAYS: Final = {
    MoveStep.LEAVE: MoveState.LEAVING,
    MoveStep.PART: MoveState.LEFT,
    MoveStep.ARRIVE: MoveState.ARRIVED,
    MoveStep.STAY: MoveState.STAYED,
}
"""What a step that appends one row says; ``RESERVE`` and ``BRING`` make a ledger that says ``ARRIVING``."""


class MoveRefusedError(ValueError):
    """A move that can't be made, or not be undone; the words say why, of the source."""


def follows(before: Sequence[LedgerMove], next_: LedgerMove) -> bool:
    """Whether a ledger that has said ``before`` may say ``next_``. A move begins once, and what was brought arrives."""
    last = before[-1] if before else None
    if next_.state is MoveState.LEAVING and any(said.move == next_.move for said in before):
        return False
    if next_.state not in FOLLOWS[None if last is None else last.state]:
        return False
    if next_.state is MoveState.ARRIVED and last is not None and next_.copy != last.copy:
        return False
    return last is None or (next_.move == last.move) is (next_.state is not MoveState.LEAVING)


def next_step(
    source: FoundLedger, target: FoundLedger | None, place: str, *, database: str = "", undo: bool = False
) -> MoveStep | None:
    """The next step of the move from ``source`` to ``target`` (``None``: there is none yet), which is called ``place``.

    ``database`` is which one it is in, as ``LedgerMove`` has it. ``None`` once it is over. ``undo``: the step of ending
    it where it began. Raises ``MoveRefusedError``.
    """
    last = source.last
    if last is not None and last.state is MoveState.ARRIVING:
        raise MoveRefusedError(_away(last))
    if last is None or last.state in HERE:
        return _first_step_back(source, target) if undo else _first_step(source, target, place)
    if last.place == place and last.database not in ("", database):
        raise MoveRefusedError(_elsewhere(last))
    there = None if target is None or not _has_come(target, last) else target.state
    if last.state is MoveState.LEFT:
        if undo or there is None:
            raise MoveRefusedError(_away(last))
        return MoveStep.ARRIVE if there is MoveState.ARRIVING else None
    if there is not None:
        if undo:
            raise MoveRefusedError(f"all of it is in {place} by now: finish the move, then move it back")
        return MoveStep.PART
    if last.place != place:
        raise MoveRefusedError(_away(last))
    if undo:
        return MoveStep.STAY
    _refuse_what_is_there(source, target, place)
    return MoveStep.RESERVE if target is None else MoveStep.BRING


def reserved_for(source: FoundLedger, target: FoundLedger | None) -> str | None:
    """The id of the move for which ``target`` is reserved and that can still begin; ``None`` if there is none.

    Once the source has said that a move is over, nothing leaves with its id any more.
    """
    if target is None or target.last is None or not _is_reserved(source, target):
        return None
    return None if target.last.move in source.known else target.last.move


def _first_step(source: FoundLedger, target: FoundLedger | None, place: str) -> MoveStep:
    if not source.is_filled:
        raise MoveRefusedError("nobody was added to it yet, so there is nothing to move")
    if target is None:
        return MoveStep.RESERVE
    _refuse_what_is_there(source, target, place)
    over = _is_reserved(source, target) and reserved_for(source, target) is None
    return MoveStep.RESERVE if over else MoveStep.LEAVE


def _first_step_back(source: FoundLedger, target: FoundLedger | None) -> MoveStep | None:
    """What frees the target, if it is reserved: with a move that is undone, unless that is so already."""
    if target is None or not _is_reserved(source, target):
        return None
    return MoveStep.FREE if reserved_for(source, target) is None else MoveStep.LEAVE


def _is_reserved(source: FoundLedger, target: FoundLedger) -> bool:
    return target.id == source.id and target.is_reserved


def why_away(last: LedgerMove | None) -> str | None:
    """Why a ledger that says ``last`` may only be read, and what to do; ``None`` if it may be run and changed."""
    return None if last is None or last.state in HERE else _away(last)


def _has_come(target: FoundLedger, last: LedgerMove) -> bool:
    """Whether the move of which the source says ``last`` has brought all of it to ``target``.

    It may have brought it to several places of that name. The source has left for one of these copies.
    """
    come = target.last
    if not target.is_filled or come is None or come.state not in _COME or come.move != last.move:
        return False
    return last.state is not MoveState.LEFT or come.copy == last.copy


_COME: Final = frozenset({MoveState.ARRIVING, MoveState.ARRIVED})


def _refuse_what_is_there(source: FoundLedger, target: FoundLedger | None, place: str) -> None:
    """Raise ``MoveRefusedError`` unless there is nothing, a reservation, or what an earlier move has left there.

    What was left can't be run, and the source knows of that move. One that it does not know of is newer: then the
    source is an old copy.
    """
    if target is None:
        return
    if target.id != source.id:
        raise MoveRefusedError(f"{place} holds another campaign, or none yet: give another name for it there")
    if target.state in HERE:
        raise MoveRefusedError(f"the same campaign is in {place} already, and can be run there")
    if target.is_reserved:
        return
    if target.last is None or target.last.move not in source.known:
        raise MoveRefusedError(
            f"the same campaign was in {place}, and has been moved from or to there since this ledger knew of it: this"
            " is an old copy"
        )


def _elsewhere(last: LedgerMove) -> str:
    moves = "is moving" if last.state is MoveState.LEAVING else "has moved"
    return (
        f"it {moves} to {last.place} in another database of that name (system identifier and number {last.database}):"
        " give the address, the PG* variables and the service file that lead there"
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
