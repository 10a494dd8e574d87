"""The steps of a move, exhaustively: whatever crashes, is repeated, undone or late, one ledger can be run, or none."""

from __future__ import annotations

import pytest

from customersms_async.campaign.move_states import (
    FOLLOWS,
    HERE,
    SAYS,
    FoundLedger,
    LedgerMove,
    MoveRefusedError,
    MoveState,
    MoveStep,
    next_step,
    why_away,
)
from support.move_model import (
    MOST,
    MOST_WITH_TWIN,
    PROGRAM,
    START,
    TWIN,
    A,
    B,
    World,
    chosen,
    crashed,
    finished,
    made,
    orders,
    reachable,
    reachable_with_twin,
    ways,
)


@pytest.mark.parametrize("pending", MOST)
def test_at_no_moment_can_both_be_run_whatever_crashes_or_comes_late(pending: int) -> None:
    found = reachable(pending)
    assert len(found) > (20 if pending == 0 else 100)
    assert [world for world, _ in found if len(moved_to(world)) > 1] == []


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("pending", MOST_WITH_TWIN)
def test_at_no_moment_can_two_be_run_where_two_places_have_one_name(pending: int, *, marked: bool) -> None:
    """A move that was cut off is given again in the same words, which lead elsewhere, and then where they did first."""
    found = reachable_with_twin(pending, marked=marked)
    assert [world for world, _ in found if len(world.runnable) > 1] == []
    assert {place for world, _ in found for place in world.runnable} == {A, B, TWIN}


@pytest.mark.parametrize("marked", [True, False])
def test_neither_can_be_run_never_for_good_where_two_places_have_one_name(*, marked: bool) -> None:
    for world in {world for world, _ in reachable_with_twin(1, marked=marked)}:
        if not world.runnable:
            ends = [finished(world, source, undo=undo, to=target) for source, target, undo in ways(world)]
            assert [end.runnable for end in ends if end is not None and end.runnable], world


def test_a_move_to_a_database_is_finished_and_undone_in_that_one_alone() -> None:
    world = crashed(2, START._replace(marked=True))
    for step in (MoveStep.BRING, MoveStep.PART):
        for undo in (False, True):
            with pytest.raises(MoveRefusedError, match=r"to B in another database of that name .* number B\)"):
                chosen(world, A, undo=undo, to=TWIN)
        act = chosen(world, A, undo=False)
        assert act is not None
        assert act.step is step
        world = made(world, act)
    with pytest.raises(MoveRefusedError, match="has moved to B in another database"):
        chosen(world, A, undo=False, to=TWIN)


def test_what_was_brought_to_two_files_of_one_name_arrives_at_the_one_that_was_left_for() -> None:
    first = crashed(3)
    other = finished(first, A, undo=False, to=TWIN)
    assert other is not None
    assert other.runnable == [TWIN]
    with pytest.raises(MoveRefusedError, match="has moved to B"):
        chosen(other, A, undo=False)


@pytest.mark.parametrize("pending", MOST)
def test_from_its_first_step_to_its_end_no_program_finds_a_place_of_the_move_free(pending: int) -> None:
    """It would begin the campaign anew there, and send to everybody again."""
    found = reachable(pending)
    assert any(PROGRAM in (world.a.id, world.b.id) for world, _ in found if world.a and world.b), "one was started"
    assert [world for world, _ in found if world.sent_to_again] == []


def moved_to(world: World) -> list[str]:
    """Where the campaign can be run, but for what a program began anew."""
    return [place for place in world.runnable if (found := world.at(place)) is not None and found.id != PROGRAM]


def test_neither_can_be_run_never_for_good_as_the_command_given_again_ends_that() -> None:
    worlds = {world for world, _ in reachable(1)} | {world for world, _ in reachable(2)}
    for world in worlds:
        if not world.runnable:
            ends = [finished(world, source, undo=undo) for source, undo in orders(world)]
            assert [end.runnable for end in ends if end is not None and end.runnable], world


def test_the_steps_of_a_move_that_nothing_disturbs() -> None:
    world, steps = START, []
    while (act := chosen(world, A, undo=False)) is not None:
        steps.append((act.step, world.runnable))
        world = made(world, act)
    assert steps == [
        *((MoveStep.RESERVE, [A]), (MoveStep.LEAVE, [A])),
        *((MoveStep.BRING, []), (MoveStep.PART, []), (MoveStep.ARRIVE, [])),
    ]
    assert world.runnable == [B]


@pytest.mark.parametrize("steps", range(6))
def test_repeating_it_after_a_crash_at_any_step_finishes_it(steps: int) -> None:
    end = finished(crashed(steps), A, undo=False)
    assert end is not None
    assert end.runnable == [B]
    assert finished(end, A, undo=False) == end


@pytest.mark.parametrize(("steps", "undone"), [(0, True), (1, True), (2, True), (3, False), (4, False), (5, False)])
def test_it_can_be_undone_only_while_the_target_lacks_it(steps: int, undone: bool) -> None:
    end = finished(crashed(steps), A, undo=True)
    assert (end is not None) is undone
    if end is not None:
        assert end.runnable == [A]
        assert end.b is None, "its name is free again"
        assert finished(end, A, undo=True) == end


def test_there_and_back_again_to_the_same_names_puts_aside_what_was_left_there() -> None:
    there = finished(START, A, undo=False)
    assert there is not None
    steps, world = [], there
    while (act := chosen(world, B, undo=False)) is not None:
        steps.append(act.step)
        world = made(world, act)
    assert steps == [MoveStep.LEAVE, MoveStep.BRING, MoveStep.PART, MoveStep.ARRIVE]
    assert world.runnable == [A]


def test_what_came_after_it_was_undone_can_t_be_run_and_is_put_aside() -> None:
    leaving = crashed(2)
    late = chosen(leaving, A, undo=False)
    assert late is not None
    brought = made(leaving, late).b
    world = finished(leaving, A, undo=True)
    assert world is not None
    world = world.changed(B, brought)
    assert world.runnable == [A]
    again = chosen(world, A, undo=False)
    assert again is not None
    assert again.step is MoveStep.LEAVE
    bringing = chosen(made(world, again), A, undo=False)
    assert bringing is not None
    assert bringing.step is MoveStep.BRING


def test_an_old_copy_is_not_brought_over_what_has_left() -> None:
    """The copy was made before the campaign moved away from A, where it went back to B."""
    there = finished(START, A, undo=False)
    assert there is not None
    assert there.b is not None
    with pytest.raises(MoveRefusedError, match="this is an old copy"):
        next_step(START.a or there.b, there.a, A)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (FoundLedger("summer", is_filled=True, moves=()), "another campaign"),
        (FoundLedger("summer", is_filled=False, moves=()), "another campaign, or none yet"),
        (FoundLedger("spring", is_filled=True, moves=()), "the same campaign is in B already"),
    ],
)
def test_nothing_is_put_over_another_ledger(target: FoundLedger, words: str) -> None:
    assert START.a is not None
    for source in (START.a, crashed(2).a):
        assert source is not None
        with pytest.raises(MoveRefusedError, match=words):
            next_step(source, target, B)
    assert crashed(2).a is not None
    assert next_step(crashed(2).a or START.a, target, B, undo=True) is MoveStep.STAY


def test_a_name_that_is_reserved_is_freed_once_its_move_is_over_and_never_later() -> None:
    """Whoever sees that as well, and frees it late, finds another reservation."""
    world, steps, late = crashed(1), [], None
    while (act := chosen(world, A, undo=True)) is not None:
        steps.append(act.step)
        late = act if act.step is MoveStep.FREE else None
        world = made(world, act)
    assert steps == [MoveStep.LEAVE, MoveStep.STAY, MoveStep.FREE]
    assert late is not None
    for _ in range(5):
        act = chosen(world, A, undo=False)
        assert act is not None
        world = made(world, act)
        assert made(world, late) == world
    assert world.runnable == [B]


def test_it_moves_to_where_it_said_and_nowhere_else() -> None:
    for steps in (2, 4):
        world = crashed(steps)
        assert world.a is not None
        for undo in (False, True):
            with pytest.raises(MoveRefusedError, match="to B"):
                next_step(world.a, None, "C", undo=undo)


def test_an_empty_ledger_has_nothing_to_move() -> None:
    with pytest.raises(MoveRefusedError, match="nobody was added"):
        next_step(FoundLedger("spring", is_filled=False, moves=()), None, B)


def test_what_has_left_is_not_brought_again_where_the_target_is_lost() -> None:
    """It may have been run there: to bring it again would send to the same people again."""
    world = crashed(5)
    assert world.a is not None
    with pytest.raises(MoveRefusedError, match="has moved to B"):
        next_step(world.a, None, B)


@pytest.mark.parametrize("state", MoveState)
def test_a_ledger_that_can_t_be_run_says_where_the_campaign_is_and_what_to_do(state: MoveState) -> None:
    why = why_away(LedgerMove("0", state, "spring.ledger", 0, "Ann"))
    assert (why is None) is (state in HERE)
    if why is not None:
        assert "spring.ledger" in why
        assert "customersms campaign move again" in why or "go on there" in why
    assert why_away(None) is None


def test_every_state_has_what_follows() -> None:
    assert set(FOLLOWS) == {None, *MoveState}
    assert set(SAYS.values()) | {MoveState.ARRIVING} == set(MoveState)
