"""A model of a campaign's move: two places, commands that crash after any step, and steps that come late.

There may be a third place, with the name of the second one: commands lead there where ``PG*`` variables or a host are
other ones.

Beside them a program may start at any moment that opens a place by its name, adds the same people and runs (the program
of the docs): it makes a ledger of its own where the place is free, and uses what may be added to.
"""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import NamedTuple

from customersms_async.campaign.move_states import (
    HERE,
    SAYS,
    FoundLedger,
    LedgerMove,
    MoveRefusedError,
    MoveState,
    MoveStep,
    follows,
    next_step,
    reserved_for,
)

A, B, TWIN = "A", "B", "the other B"
MOST = {0: 4, 1: 3, 2: 2}
"""Moves that the model makes, one after the other (there, back, and there again, or anew after an undo), by how many
steps of other commands may come late."""


MOST_WITH_TWIN = {0: 3, 1: 2}
"""How many moves it makes where a third place has the name of the second. There, late steps are of ``LATE`` alone."""

LATE = frozenset({MoveStep.BRING, MoveStep.PART, MoveStep.ARRIVE})
"""Steps that could make a second place one that can be run. All of them late as well took 90 s, and were tried once."""


class World(NamedTuple):
    """What places hold, and how many ledgers were ever made there: each is another one, whatever it holds.

    ``marked``: each place is in a database, which has a mark of its own; files have none.
    """

    a: FoundLedger | None
    b: FoundLedger | None
    made: int = 0
    twin: FoundLedger | None = None
    marked: bool = False

    def at(self, place: str) -> FoundLedger | None:
        return {A: self.a, B: self.b, TWIN: self.twin}[place]

    def changed(self, place: str, ledger: FoundLedger | None) -> World:
        return self._replace(**{{A: "a", B: "b", TWIN: "twin"}[place]: ledger})  # type: ignore[arg-type]  # it is one

    def database(self, place: str) -> str:
        return place if self.marked else ""

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
        return [place for place in (A, B, TWIN) if (found := self.at(place)) is not None and found.state in HERE]


PROGRAM = "made by a program"
"""The id of a ledger that no move has made."""

START = World(FoundLedger("spring", is_filled=True, moves=()), None)


class Chosen(NamedTuple):
    """A step that a command has chosen, with the move and the ledger that it saw, which it may make at any later time.

    ``saw`` is the ledger at the target, which it may replace, free, or have arrive, as long as it is that one still;
    ``packed`` is what it brings, and ``copy`` which copy it parts for, or has arrive.
    """

    step: MoveStep
    source: str
    target: str
    move: str
    saw: FoundLedger | None = None
    packed: FoundLedger | None = None
    copy: str = ""


def other(place: str) -> str:
    """The place, and the name, to which a command moves that is given no third one."""
    return B if place == A else A


def said(place: str, state: MoveState, move: str, by: str = "Ann", *where: str) -> LedgerMove:
    return LedgerMove(move, state, other(place), 0, by, *where)


def appended(found: FoundLedger, row: LedgerMove) -> FoundLedger | None:
    """The ledger with one more row; ``None`` if it refuses that.

    That a move begins once a file sees by itself; in a database a row that comes late is refused with its lease.
    """
    return found._replace(moves=(*found.moves, row)) if follows(found.moves, row) else None


def chosen(world: World, source: str, *, undo: bool, late: str = "", to: str = "") -> Chosen | None:
    """What the command chooses; ``None`` if it is over. Raises ``MoveRefusedError``.

    ``late`` makes the id of a move another one, as each is drawn at random.
    """
    found = world.at(source)
    if found is None:
        raise MoveRefusedError("there is no such ledger")
    target = to or other(source)
    there = world.at(target)
    step = next_step(found, there, other(source), database=world.database(target), undo=undo)
    if step is None:
        return None
    if found.state is MoveState.LEAVING or found.state is MoveState.LEFT:
        assert found.last is not None
        copies = {MoveStep.PART: None if there is None else there.last, MoveStep.ARRIVE: found.last}
        copy = "" if (about := copies.get(step)) is None else about.copy
        return Chosen(step, source, target, found.last.move, there, found if step is MoveStep.BRING else None, copy)
    move = reserved_for(found, there)
    if move is None:
        begun = sum(row.state is MoveState.LEAVING for row in found.moves)
        move = f"{source}{begun}{late}" if step is MoveStep.LEAVE else f"{source}{begun}{late} of {world.made}"
    return Chosen(step, source, target, move, there)


def made(world: World, act: Chosen) -> World:
    """The world after a step, which may have been chosen long ago; as it was, if what stands there refuses the step."""
    step, source, target, move, saw, packed, copy = act
    where = world.database(target)
    if step in (MoveStep.RESERVE, MoveStep.BRING, MoveStep.FREE, MoveStep.ARRIVE) and world.at(target) != saw:
        return world
    by = f"maker of {world.made}"
    if step is MoveStep.RESERVE:
        rows = (
            said(target, MoveState.LEAVING, move, by, where)._replace(place=target),
            said(target, MoveState.ARRIVING, move, "Ann", where),
        )
        reserved = FoundLedger("spring", is_filled=False, moves=rows)
        return world.changed(target, reserved)._replace(made=world.made + 1)
    if step is MoveStep.BRING:
        assert packed is not None
        brought = appended(packed, said(target, MoveState.ARRIVING, move, by, where, f"copy {world.made}"))
        assert brought is not None
        return world.changed(target, brought)._replace(made=world.made + 1)
    if step is MoveStep.FREE:
        return world.changed(target, None)
    place = target if step is MoveStep.ARRIVE else source
    found = world.at(place)
    after = None if found is None else appended(found, said(place, SAYS[step], move, "Ann", where, copy))
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


def ways(world: World) -> list[tuple[str, str, bool]]:
    """Every command where two places have the name B: from where, to where, and whether it undoes."""
    found = [(source, target) for source, target in ((A, B), (A, TWIN), (B, A), (TWIN, A)) if world.at(source)]
    return [(source, target, undo) for source, target in found for undo in (False, True)]


def moves_made(world: World) -> int:
    places = [found for place in (A, B, TWIN) if (found := world.at(place)) is not None]
    return max(len({row.move for row in found.moves}) for found in places)


@cache
def reachable(pending: int) -> set[tuple[World, frozenset[Chosen]]]:
    """All that can come to be, where each command may crash after each step, and so many steps may still come late."""
    return _reachable(START, pending, MOST[pending])


@cache
def reachable_with_twin(pending: int, *, marked: bool) -> set[tuple[World, frozenset[Chosen]]]:
    """All that can come to be where commands from A, and those back, may lead to either of two places named B.

    No program begins the campaign anew there: at the place that nobody moves to, nothing could keep it from that.
    """
    return _reachable(START._replace(marked=marked), pending, MOST_WITH_TWIN[pending], twin=True)


def _reachable(start: World, pending: int, most: int, *, twin: bool = False) -> set[tuple[World, frozenset[Chosen]]]:
    begin: tuple[World, frozenset[Chosen]] = (start, frozenset())
    seen, todo = {begin}, deque([begin])
    while todo:
        world, waiting = todo.popleft()
        following = [(made(world, act), waiting - {act}) for act in waiting]
        following += [(begun_anew(world, place), waiting) for place in (A, B) if not twin]
        for source, target, undo in ways(world) if twin else [(source, "", undo) for source, undo in orders(world)]:
            try:
                act = chosen(world, source, undo=undo, to=target)
            except MoveRefusedError:
                continue
            if act is None or (act.step is MoveStep.LEAVE and moves_made(world) >= most):
                continue
            following.append((made(world, act), waiting))
            if len(waiting) < pending and (not twin or act.step in LATE):
                late = chosen(world, source, undo=undo, late="'", to=target)
                assert late is not None
                following.append((world, waiting | {late}))
        for each in following:
            if each not in seen:
                seen.add(each)
                todo.append(each)
    return seen


def finished(world: World, source: str, *, undo: bool, to: str = "") -> World | None:
    """The world after a command that nothing disturbs; ``None`` if it is refused."""
    for _ in range(10):
        try:
            act = chosen(world, source, undo=undo, to=to)
        except MoveRefusedError:
            return None
        if act is None:
            return world
        world = made(world, act)
    raise AssertionError("it never ends")


def crashed(steps: int, world: World = START, *, undo: bool = False) -> World:
    """The world after so many steps of a move from A to B."""
    for _ in range(steps):
        act = chosen(world, A, undo=undo)
        assert act is not None
        world = made(world, act)
    return world
