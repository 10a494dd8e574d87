"""A model of a campaign's move: two places, commands that crash after any step, and steps that come late.

Beside them a program may start at any moment that opens a place by its name, adds the same people and runs (the program
of the docs): it makes a ledger of its own where the place is free, and uses what may be added to.
"""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import NamedTuple

from customersms_async.campaign.moving import (
    HERE,
    SAYS,
    FoundLedger,
    LedgerMove,
    MoveRefusedError,
    MoveState,
    Step,
    follows,
    next_step,
    reserved_for,
)

A, B = "A", "B"
MOST = {0: 4, 1: 3, 2: 2}
"""Moves that the model makes, one after the other (there, back, and there again, or anew after an undo), by how many
steps of other commands may come late."""


class World(NamedTuple):
    """What two places hold, and how many ledgers were ever made there: each is another one, whatever it holds."""

    a: FoundLedger | None
    b: FoundLedger | None
    made: int = 0

    def at(self, place: str) -> FoundLedger | None:
        return self.a if place == A else self.b

    def changed(self, place: str, ledger: FoundLedger | None) -> World:
        return self._replace(a=ledger) if place == A else self._replace(b=ledger)

    @property
    def sent_to_again(self) -> bool:
        """Whether a program began the campaign anew at a place to which it was moving, or had moved, by then."""
        return any(
            (found := self.at(place)) is not None
            and found.id == PROGRAM
            and (left := self.at(other(place))) is not None
            and left.state not in HERE
            for place in (A, B)
        )

    @property
    def runnable(self) -> list[str]:
        return [place for place in (A, B) if (found := self.at(place)) is not None and found.state in HERE]


PROGRAM = "made by a program"
"""The id of a ledger that no move has made."""

START = World(FoundLedger("spring", is_filled=True, moves=()), None)


class Chosen(NamedTuple):
    """A step that a command has chosen, with the move and the ledger that it saw, which it may make at any later time.

    ``saw`` is the ledger at the target, which it may replace, free, or have arrive, as long as it is that one still;
    ``packed`` is what it brings.
    """

    step: Step
    source: str
    move: str
    saw: FoundLedger | None = None
    packed: FoundLedger | None = None


def other(place: str) -> str:
    return B if place == A else A


def said(place: str, state: MoveState, move: str, by: str = "Ann") -> LedgerMove:
    return LedgerMove(move, state, other(place), 0, by)


def appended(found: FoundLedger, row: LedgerMove) -> FoundLedger | None:
    """The ledger with one more row; ``None`` if it refuses that.

    That a move begins once a file sees by itself; in a database a row that comes late is refused with its lease.
    """
    return found._replace(moves=(*found.moves, row)) if follows(found.moves, row) else None


def chosen(world: World, source: str, *, undo: bool, late: str = "") -> Chosen | None:
    """What the command chooses; ``None`` if it is over. Raises ``MoveRefusedError``.

    ``late`` makes the id of a move another one, as each is drawn at random.
    """
    found = world.at(source)
    if found is None:
        raise MoveRefusedError("there is no such ledger")
    there = world.at(other(source))
    step = next_step(found, there, other(source), undo=undo)
    if step is None:
        return None
    if found.state is MoveState.LEAVING or found.state is MoveState.LEFT:
        assert found.last is not None
        return Chosen(step, source, found.last.move, there, found if step is Step.BRING else None)
    move = reserved_for(found, there)
    if move is None:
        begun = sum(row.state is MoveState.LEAVING for row in found.moves)
        move = f"{source}{begun}{late}" if step is Step.LEAVE else f"{source}{begun}{late} of {world.made}"
    return Chosen(step, source, move, there)


def made(world: World, act: Chosen) -> World:
    """The world after a step, which may have been chosen long ago; as it was, if what stands there refuses the step."""
    step, source, move, saw, packed = act
    target = other(source)
    if step in (Step.RESERVE, Step.BRING, Step.FREE, Step.ARRIVE) and world.at(target) != saw:
        return world
    by = f"maker of {world.made}"
    if step is Step.RESERVE:
        rows = (
            said(target, MoveState.LEAVING, move, by)._replace(place=target),
            said(target, MoveState.ARRIVING, move),
        )
        reserved = FoundLedger("spring", is_filled=False, moves=rows)
        return world.changed(target, reserved)._replace(made=world.made + 1)
    if step is Step.BRING:
        assert packed is not None
        brought = appended(packed, said(target, MoveState.ARRIVING, move, by))
        assert brought is not None
        return world.changed(target, brought)._replace(made=world.made + 1)
    if step is Step.FREE:
        return world.changed(target, None)
    place = target if step is Step.ARRIVE else source
    found = world.at(place)
    after = None if found is None else appended(found, said(place, SAYS[step], move))
    return world if after is None else world.changed(place, after)


def begun_anew(world: World, place: str) -> World:
    """The world after a program was started at a place; as it was, if it is refused, or finds the campaign there."""
    found = world.at(place)
    if found is None or (found.state in HERE and not found.is_filled):
        return world.changed(place, FoundLedger(PROGRAM, is_filled=True, moves=()))
    return world


def orders(world: World) -> list[tuple[str, bool]]:
    """Every command; nobody moves what a program has made."""
    sources = [place for place in (A, B) if (found := world.at(place)) is not None and found.id != PROGRAM]
    return [(place, undo) for place in sources for undo in (False, True)]


def moves_made(world: World) -> int:
    return max(len({row.move for row in found.moves}) for found in world[:2] if found is not None)


@cache
def reachable(pending: int) -> set[tuple[World, frozenset[Chosen]]]:
    """All that can come to be, where each command may crash after each step, and so many steps may still come late."""
    begin: tuple[World, frozenset[Chosen]] = (START, frozenset())
    seen, todo = {begin}, deque([begin])
    while todo:
        world, waiting = todo.popleft()
        following = [(made(world, act), waiting - {act}) for act in waiting]
        following += [(begun_anew(world, place), waiting) for place in (A, B)]
        for source, undo in orders(world):
            try:
                act = chosen(world, source, undo=undo)
            except MoveRefusedError:
                continue
            if act is None or (act.step is Step.LEAVE and moves_made(world) >= MOST[pending]):
                continue
            following.append((made(world, act), waiting))
            if len(waiting) < pending:
                late = chosen(world, source, undo=undo, late="'")
                assert late is not None
                following.append((world, waiting | {late}))
        for each in following:
            if each not in seen:
                seen.add(each)
                todo.append(each)
    return seen


def finished(world: World, source: str, *, undo: bool) -> World | None:
    """The world after a command that nothing disturbs; ``None`` if it is refused."""
    for _ in range(10):
        try:
            act = chosen(world, source, undo=undo)
        except MoveRefusedError:
            return None
        if act is None:
            return world
        world = made(world, act)
    raise AssertionError("it never ends")


def crashed(steps: int, *, undo: bool = False) -> World:
    """The world after so many steps of a move from A to B."""
    world = START
    for _ in range(steps):
        act = chosen(world, A, undo=undo)
        assert act is not None
        world = made(world, act)
    return world
